import { PermanentError, UserError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { Account, Accounts, AccountsMode, Change } from '../../ports/accounts.ts';
import { clientPath } from '../homeserver.ts';
import type { AccountOwner } from '../account-mode.ts';
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

/** What the adapter is made of. */
export interface ModerationAccountsParts {
  readonly http: AdminHttp;
  /** Asked before every change: where MAS owns the accounts, sessions and devices are beyond the homeserver. */
  readonly detect: () => Promise<AccountOwner>;
  /** What the credential may do; asked before every use. */
  readonly abilities: () => Promise<ModerationAbilities>;
}

/** Accounts by the standard's account moderation alone (MSC4323): locking and suspending, and nothing else. */
export class ModerationAccounts implements Accounts {
  readonly #parts: ModerationAccountsParts;
  readonly #http: AdminHttp;

  constructor(parts: ModerationAccountsParts) {
    this.#parts = parts;
    this.#http = parts.http;
  }

  async mode(): Promise<AccountsMode> {
    const found = await this.#parts.detect();
    if (found.mode !== 'native') return { mode: 'refusing', reason: whyNot(found.issuer) };
    const { lock, suspend } = await this.#parts.abilities();
    if (!lock && !suspend)
      return { mode: 'refusing', reason: 'The homeserver does not offer account moderation to this credential.' };
    const what = [...(lock ? ['lock'] : []), ...(suspend ? ['suspend'] : [])].join(' and ');
    return { mode: 'moderation', detail: `account moderation of the homeserver: ${what}; no devices, no sessions` };
  }

  async find(user: UserId): Promise<Account | undefined> {
    const { lock, suspend } = await this.#parts.abilities();
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

  search(): Promise<never> {
    return this.#cannot('search for accounts: name the full user id');
  }

  devices(): Promise<never> {
    return this.#cannot('list devices');
  }

  sessions(): Promise<never> {
    return this.#cannot('list sessions');
  }

  pushers(): Promise<never> {
    return this.#cannot('list pushers');
  }

  whois(): Promise<never> {
    return this.#cannot('tell where an account was used from');
  }

  joinedRooms(): Promise<never> {
    return this.#cannot('list an account’s rooms');
  }

  endDevice(): Promise<never> {
    return this.#cannot('end sessions: lock the account, which stops all of them');
  }

  endAllSessions(): Promise<never> {
    return this.#cannot('end sessions: lock the account, which stops all of them');
  }

  reactivate(): Promise<never> {
    return this.#cannot('reactivate accounts');
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
    await this.#requireNative();
    if (!(await this.#parts.abilities())[verb]) throw cannot(`${verb} accounts with this credential`);
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

  async #cannot(what: string): Promise<never> {
    await this.#requireNative();
    throw cannot(what);
  }

  async #requireNative(): Promise<void> {
    const found = await this.#parts.detect();
    if (found.mode !== 'native') throw new UserError(`Nothing was done. ${whyNot(found.issuer)}`);
  }

  async #get(user: UserId, verb: Verb): Promise<boolean | undefined> {
    const attempt = `ask whether an account is ${FLAGS[verb]}`;
    const answer = await this.#http.call(attempt, { method: 'GET', path: pathOf(user, verb) });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw this.#http.refused(attempt, answer);
    return answer.body[FLAGS[verb]] === true;
  }
}

function whyNot(issuer: string): string {
  return `The accounts belong to Matrix Authentication Service (${issuer}), whose sessions the homeserver’s account moderation does not end. Configure accounts for MAS.`;
}

function pathOf(user: UserId, verb: Verb): string {
  return verb === 'lock'
    ? clientPath`/_matrix/client/v1/admin/lock/${user}`
    : clientPath`/_matrix/client/v1/admin/suspend/${user}`;
}

function cannot(what: string): UserError {
  return new UserError(`This homeserver only offers account moderation, which cannot ${what}.`);
}
