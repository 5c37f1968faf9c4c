import { PermanentError, UserError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { Account, Accounts, AccountsMode, Change } from '../../ports/accounts.ts';
import { clientPath } from '../homeserver.ts';
import type { AdminHttp } from './admin-http.ts';
import { notSo, textOf } from './synapse-admin.ts';

/** What the capability `m.account_moderation` says the credential may do. */
export interface ModerationAbilities {
  readonly lock: boolean;
  readonly suspend: boolean;
}

type Verb = 'lock' | 'suspend';
const FLAGS: Readonly<Record<Verb, string>> = { lock: 'locked', suspend: 'suspended' };

/** Asks the homeserver what it lets the credential do; both false where it does not know account moderation. */
export async function moderationAbilities(http: AdminHttp): Promise<ModerationAbilities> {
  const { body } = await http.ok('ask for capabilities', { method: 'GET', path: '/_matrix/client/v3/capabilities' });
  const all = (body['capabilities'] ?? {}) as Record<string, { lock?: unknown; suspend?: unknown } | undefined>;
  const ours = all['m.account_moderation'];
  return { lock: ours?.lock === true, suspend: ours?.suspend === true };
}

/** Accounts by the standard's account moderation alone (MSC4323): locking and suspending, and nothing else. */
export class ModerationAccounts implements Accounts {
  readonly #http: AdminHttp;
  #abilities: Promise<ModerationAbilities> | undefined;

  constructor(http: AdminHttp) {
    this.#http = http;
  }

  async mode(): Promise<AccountsMode> {
    const { lock, suspend } = await this.#can();
    if (!lock && !suspend)
      return { mode: 'refusing', reason: 'The homeserver does not offer account moderation to this credential.' };
    const what = [...(lock ? ['lock'] : []), ...(suspend ? ['suspend'] : [])].join(' and ');
    return { mode: 'moderation', detail: `account moderation of the homeserver: ${what}; no devices, no sessions` };
  }

  async find(user: UserId): Promise<Account | undefined> {
    const { lock, suspend } = await this.#can();
    const [isLocked, isSuspended] = [
      lock && (await this.#get(user, 'lock')),
      suspend && (await this.#get(user, 'suspend')),
    ];
    if (isLocked === undefined || isSuspended === undefined) return undefined;
    const path = clientPath`/_matrix/client/v3/profile/${user}`;
    const profile = await this.#http.call('read a profile', { method: 'GET', path });
    return {
      userId: user,
      displayName: textOf(profile.body['displayname']),
      isAdmin: undefined,
      isLocked: lock ? isLocked : undefined,
      isSuspended: suspend ? isSuspended : undefined,
      isDeactivated: undefined,
    };
  }

  async search(): Promise<never> {
    throw cannot('search for accounts: name the full user id');
  }

  async devices(): Promise<never> {
    throw cannot('list devices');
  }

  async sessions(): Promise<never> {
    throw cannot('list sessions');
  }

  async pushers(): Promise<never> {
    throw cannot('list pushers');
  }

  async whois(): Promise<never> {
    throw cannot('tell where an account was used from');
  }

  async joinedRooms(): Promise<never> {
    throw cannot('list an account’s rooms');
  }

  async endDevice(): Promise<never> {
    throw cannot('end sessions: lock the account, which stops all of them');
  }

  async endAllSessions(): Promise<never> {
    throw cannot('end sessions: lock the account, which stops all of them');
  }

  async reactivate(): Promise<never> {
    throw cannot('reactivate accounts');
  }

  lock(user: UserId): Promise<Change> {
    return this.#set(user, 'lock', true);
  }

  unlock(user: UserId): Promise<Change> {
    return this.#set(user, 'lock', false);
  }

  suspend(user: UserId): Promise<Change> {
    return this.#set(user, 'suspend', true);
  }

  unsuspend(user: UserId): Promise<Change> {
    return this.#set(user, 'suspend', false);
  }

  async #set(user: UserId, verb: Verb, value: boolean): Promise<Change> {
    if (!(await this.#can())[verb]) throw cannot(`${verb} accounts with this credential`);
    const attempt = `${verb} an account`;
    const flag = FLAGS[verb];
    const answer = await this.#http.call(attempt, { method: 'PUT', path: pathOf(user, verb), body: { [flag]: value } });
    if (answer.status === 404)
      throw new PermanentError('There is no such account on this homeserver. Nothing was done.');
    if (answer.status === 403)
      throw new UserError('The homeserver does not let this credential act on an administrator or on itself.');
    if (answer.status >= 300) throw this.#http.refused(attempt, answer);
    const isSo = (await this.#get(user, verb)) === value;
    return isSo ? { done: true, verified: [`the account is ${value ? '' : 'not '}${flag}`] } : notSo(flag);
  }

  async #get(user: UserId, verb: Verb): Promise<boolean | undefined> {
    const attempt = `ask whether an account is ${FLAGS[verb]}`;
    const answer = await this.#http.call(attempt, { method: 'GET', path: pathOf(user, verb) });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw this.#http.refused(attempt, answer);
    return answer.body[FLAGS[verb]] === true;
  }

  #can(): Promise<ModerationAbilities> {
    const asked = (this.#abilities ??= moderationAbilities(this.#http));
    asked.catch(() => (this.#abilities = undefined));
    return asked;
  }
}

function pathOf(user: UserId, verb: Verb): string {
  return verb === 'lock'
    ? clientPath`/_matrix/client/v1/admin/lock/${user}`
    : clientPath`/_matrix/client/v1/admin/suspend/${user}`;
}

function cannot(what: string): UserError {
  return new UserError(`This homeserver only offers account moderation, which cannot ${what}.`);
}
