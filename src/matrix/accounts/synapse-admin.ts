import { isFault, PermanentError, UserError } from '../../errors.ts';
import { parseUserId, type RoomId, type UserId } from '../../model/ids.ts';
import { pusherName } from '../../model/pusher-name.ts';
import type { Account, AccountDevice, Change, Connection, Pusher } from '../../ports/accounts.ts';
import { clientPath } from '../homeserver.ts';
import type { AdminHttp } from './admin-http.ts';

/** How an account stands in Synapse. */
export type Flag = 'locked' | 'deactivated';

const PAGE_SIZE = '100';
/** Patients' accounts fit a name as well: 5,000 are looked through. */
const MAX_PAGES = 50;

/**
 * The calls of Synapse's admin API that both kinds of homeserver have. Whether an answer means anything is for the adapters: under MAS some of
 * these are accepted and not enforced.
 */
export class SynapseAdmin {
  readonly #http: AdminHttp;

  constructor(http: AdminHttp) {
    this.#http = http;
  }

  async find(user: UserId): Promise<Account | undefined> {
    const attempt = 'look an account up';
    const path = clientPath`/_synapse/admin/v2/users/${user}`;
    const answer = await this.#http.call(attempt, { method: 'GET', path });
    if (answer.status === 404 && answer.errcode === 'M_NOT_FOUND') return undefined;
    if (answer.status >= 300) throw this.#http.refused(attempt, answer);
    return toAccount(answer.body, user);
  }

  /** See `Accounts.search`. `guests=false`, without which the call is refused under MAS; locked accounts are listed only where asked for. */
  async search(text: string, limit: number, isWanted: (user: UserId) => boolean): Promise<readonly Account[]> {
    // An account that is made meanwhile moves the others to the next page, where they are seen again.
    const found = new Map<UserId, Account>();
    let from = '0';
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = { name: text, guests: 'false', locked: 'true', from, limit: PAGE_SIZE };
      const path = '/_synapse/admin/v2/users';
      const { body } = await this.#http.ok('search for accounts', { method: 'GET', path, query });
      for (const user of objects(body['users'])) {
        const userId = parseUserId(user['name']);
        if (userId !== undefined && isWanted(userId)) found.set(userId, toAccount(user, userId));
        if (found.size === limit) return [...found.values()];
      }
      const next = body['next_token'];
      if (typeof next !== 'string') return [...found.values()];
      from = next;
    }
    throw new UserError(
      'That name fits too many accounts to look through them all. Nothing was done. Write the user id.',
    );
  }

  async devices(user: UserId): Promise<readonly AccountDevice[]> {
    const path = clientPath`/_synapse/admin/v2/users/${user}/devices`;
    const { body } = await this.#http.ok('list the devices of an account', { method: 'GET', path });
    return (
      objects(body['devices'])
        // One that sleeps on the server (MSC3814) was never used. A client may store its own id as one: what was used is listed whatever it is called.
        .filter((device) => device['dehydrated'] !== true || timeOf(device['last_seen_ts']) !== undefined)
        .flatMap((device) => {
          // To the letter, even if it is empty: a device that was named otherwise could not be ended.
          const deviceId = device['device_id'];
          if (typeof deviceId !== 'string') return [];
          return [
            {
              deviceId,
              name: textOf(device['display_name']),
              lastSeenAt: timeOf(device['last_seen_ts']),
              ip: textOf(device['last_seen_ip']),
              userAgent: textOf(device['last_seen_user_agent']),
            },
          ];
        })
    );
  }

  async pushers(user: UserId): Promise<readonly Pusher[]> {
    const path = clientPath`/_synapse/admin/v1/users/${user}/pushers`;
    const { body } = await this.#http.ok('list the pushers of an account', { method: 'GET', path });
    return objects(body['pushers']).map((pusher) => ({
      app: textOf(pusher['app_display_name']) ?? textOf(pusher['app_id']) ?? 'unknown',
      deviceName: textOf(pusher['device_display_name']),
    }));
  }

  /**
   * What ended is over; looks where pushes still go, which nobody but the owner can tell for one device: where that cannot be asked, its end is told all
   * the same. `all`: nowhere is what is wanted.
   */
  async seePushers(user: UserId, verified: readonly string[], all: boolean): Promise<Change> {
    let pushers: readonly Pusher[];
    try {
      pushers = await this.pushers(user);
    } catch (error) {
      if (all || !isFault(error)) throw error;
      return { done: true, verified, problem: `Where pushes still go could not be asked. ${error.message}` };
    }
    if (pushers.length === 0) return { done: true, verified: [...verified, 'no pusher is left'] };
    if (all)
      return { done: false, verified, problem: `${pushers.length} pushers are left: pushes may still reach a phone.` };
    return { done: true, verified: [...verified, `pushes still go to: ${pushers.map(pusherName).join(', ')}`] };
  }

  async whois(user: UserId): Promise<readonly Connection[]> {
    const path = clientPath`/_synapse/admin/v1/whois/${user}`;
    const { body } = await this.#http.ok('ask where an account was used from', { method: 'GET', path });
    const devices = Object.values((body['devices'] ?? {}) as Record<string, { sessions?: unknown }>);
    const connections = devices.flatMap(({ sessions }) => objects(sessions)).flatMap((s) => objects(s['connections']));
    return connections.map((connection) => ({
      ip: textOf(connection['ip']) ?? 'unknown',
      lastSeenAt: timeOf(connection['last_seen']),
      userAgent: textOf(connection['user_agent']),
    }));
  }

  async joinedRooms(user: UserId): Promise<readonly RoomId[]> {
    const path = clientPath`/_synapse/admin/v1/users/${user}/joined_rooms`;
    const { body } = await this.#http.ok('list the rooms of an account', { method: 'GET', path });
    return Array.isArray(body['joined_rooms']) ? (body['joined_rooms'] as RoomId[]) : [];
  }

  /** Deletes devices with their tokens, keys and pushers. Unknown ones are no error. */
  async deleteDevices(user: UserId, devices: readonly string[]): Promise<void> {
    if (devices.length === 0) return;
    const path = clientPath`/_synapse/admin/v2/users/${user}/delete_devices`;
    await this.#http.ok('delete devices', { method: 'POST', path, body: { devices } });
  }

  /** Sets a flag of an account that exists: the same call would create an unknown one. */
  async setFlag(
    user: UserId,
    flag: Flag,
    value: boolean,
    extra: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    if ((await this.find(user)) === undefined) throw noSuchAccount();
    const path = clientPath`/_synapse/admin/v2/users/${user}`;
    await this.#http.ok('change an account', { method: 'PUT', path, body: { [flag]: value, ...extra } });
  }

  async setSuspended(user: UserId, suspend: boolean): Promise<void> {
    const path = clientPath`/_synapse/admin/v1/suspend/${user}`;
    await this.#http.ok('suspend an account', { method: 'PUT', path, body: { suspend } });
  }

  /** Suspends or ends the suspension, and looks whether it is so. Enforced by Synapse itself, also under MAS. */
  async changeSuspension(user: UserId, suspend: boolean): Promise<Change> {
    await this.setSuspended(user, suspend);
    const isSo = (await this.find(user))?.isSuspended === suspend;
    const fact = suspend ? 'the account is suspended: it can read, not write' : 'the account is not suspended';
    return isSo ? { done: true, verified: [fact] } : notSo('suspended');
  }
}

/** Of an account that is not there. */
export function noSuchAccount(): PermanentError {
  return new PermanentError('There is no such account. Nothing was done.');
}

/** The server said yes, and it is not so. */
export function notSo(flag: string): Change {
  return { done: false, verified: [], problem: `The homeserver accepted the change, but \`${flag}\` is not as asked.` };
}

/** The objects of a JSON array. */
export function objects(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value)
    ? value.filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
    : [];
}

/** A text that is not empty, cut to what a room can bear, without control characters. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const clean = value.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').trim();
  return clean === '' ? undefined : clean.slice(0, 200);
}

/** Unix ms, or undefined. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : value;
  return typeof time === 'number' && Number.isFinite(time) && time > 0 ? time : undefined;
}

function toAccount(raw: Readonly<Record<string, unknown>>, userId: UserId): Account {
  return {
    userId,
    displayName: textOf(raw['displayname']),
    isAdmin: flagOf(raw['admin']),
    isLocked: flagOf(raw['locked']),
    isSuspended: flagOf(raw['suspended']),
    isDeactivated: flagOf(raw['deactivated']),
  };
}

/** Some versions write flags as 0 and 1. */
function flagOf(value: unknown): boolean | undefined {
  return value === undefined || value === null ? undefined : Boolean(value);
}
