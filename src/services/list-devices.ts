import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, UserError } from '../errors.ts';
import { labelOf } from '../model/device-label.ts';
import type { UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { AccountDevice, Accounts } from '../ports/accounts.ts';
import { timeOf } from './act-on-account.ts';
import { orSayWhatLives, type WhatLivesParts } from './say-what-lives.ts';

/** What taking evidence needs. */
export interface EvidenceParts extends WhatLivesParts {
  /** What is only evidence is waited for so long, ms: a stolen phone is not left signed in for it. */
  readonly evidenceWithinMs?: number;
}

const EVIDENCE_WITHIN_MS = 3_000;

/**
 * Everything about an account that servers forget after some weeks, for the audit log (F5). Pushers and connections that cannot be told are left out, with
 * the reason. Throws PermanentError where MAS is away.
 */
export async function takeEvidence(parts: EvidenceParts, user: UserId): Promise<{ readonly [key: string]: JsonValue }> {
  const { accounts, evidenceWithinMs = EVIDENCE_WITHIN_MS } = parts;
  const or = async <T>(ask: Promise<readonly T[]>): Promise<readonly T[] | string> => {
    try {
      return await ask;
    } catch (error) {
      // What this kind of server cannot tell. That it is away is for the caller.
      if (error instanceof UserError) return 'not reported by this server';
      throw error;
    }
  };
  const [devices, sessions, pushers, connections] = await orSayWhatLives(parts, user, () =>
    Promise.all([
      or(accounts.devices(user)),
      or(accounts.sessions(user)),
      orReason(or(accounts.pushers(user)), evidenceWithinMs),
      orReason(or(accounts.whois(user)), evidenceWithinMs),
    ]),
  );
  return JSON.parse(JSON.stringify({ devices, sessions, pushers, connections })) as { [key: string]: JsonValue };
}

async function orReason<T>(told: Promise<T>, withinMs: number): Promise<T | string> {
  const late = sleep(withinMs, `not told within ${withinMs / 1_000} s`, { ref: false });
  try {
    return await Promise.race([told, late]);
  } catch (error) {
    if (isFault(error)) return `not told: ${error.message}`;
    throw error;
  }
}

/** One device in words for a room: label, name, last use, address. */
export function describeDevice({ deviceId, name, lastSeenAt, ip }: AccountDevice): string {
  const seen = lastSeenAt === undefined ? 'never used' : `last used ${timeOf(lastSeenAt)}`;
  return `${labelOf(deviceId)}  ${name ?? 'no name'}, ${seen}${ip === undefined ? '' : ` from ${ip}`}`;
}

/** The command that ends the device's session, without the prefix. */
export function lostDeviceLine(user: UserId, { deviceId }: Pick<AccountDevice, 'deviceId'>): string {
  return `lost-device ${user} ${labelOf(deviceId)}`;
}

/** `1 device`, `3 devices`. */
export function devicesIn(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`;
}

/** How many devices an account has, for a question: `, 2 devices`; nothing where this server cannot tell. */
export async function deviceCount(accounts: Accounts, user: UserId): Promise<string> {
  try {
    return `, ${devicesIn((await accounts.devices(user)).length)}`;
  } catch (error) {
    if (error instanceof UserError) return '';
    throw error;
  }
}

/** The newest first. */
export function byUse(devices: readonly AccountDevice[]): readonly AccountDevice[] {
  return devices.toSorted((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0));
}

/** Lists what acts as a user. */
export class ListDevices {
  readonly #parts: WhatLivesParts;
  readonly #prefix: string;

  /** `prefix` of commands, e.g. `!care`. */
  constructor(parts: WhatLivesParts, prefix: string) {
    this.#parts = parts;
    this.#prefix = prefix;
  }

  /** Throws UserError where there is no such account, or where this server cannot tell; PermanentError where MAS is away. */
  async list(user: UserId): Promise<{ readonly text: string; readonly data: JsonValue }> {
    const { accounts } = this.#parts;
    const account = await orSayWhatLives(this.#parts, user, () => accounts.find(user));
    if (account === undefined) throw new UserError(`There is no account ${user}.`);
    const devices = byUse(await accounts.devices(user));
    const sessions = await accounts.sessions(user);
    const other = sessions.filter(({ deviceId }) => !devices.some((device) => device.deviceId === deviceId));
    const kinds = Map.groupBy(other, ({ kind }) => kind);
    const text = [
      `${nameOf(user, account.displayName)}: ${devicesIn(devices.length)}`,
      // Above the list, which may be longer than a message.
      ...devices.slice(0, 1).map((newest) => `To end one at once: ${this.#prefix} ${lostDeviceLine(user, newest)}`),
      ...devices.map((device) => `  ${describeDevice(device)}`),
      ...[...kinds].map(([kind, of]) => `  and ${of.length} ${kind} session(s) without a device in the list`),
    ].join('\n');
    return { text, data: JSON.parse(JSON.stringify({ user, devices, sessions })) as JsonValue };
  }
}

/** `@lee:hospital.test (Dr. Lee)`. */
export function nameOf(user: UserId, displayName: string | undefined): string {
  return displayName === undefined ? user : `${user} (${displayName})`;
}
