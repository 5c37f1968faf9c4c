import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { Account } from '../ports/accounts.ts';
import { timeOf, type AccountServiceParts } from './act-on-account.ts';
import { nameOf, takeEvidence } from './list-devices.ts';
import { orSayWhatLives } from './say-what-lives.ts';

/** Everything that is known of an account: state, roles, lines, devices, connections. */
export class Whois {
  readonly #parts: AccountServiceParts;

  constructor(parts: AccountServiceParts) {
    this.#parts = parts;
  }

  async look(user: UserId): Promise<{ readonly text: string; readonly data: JsonValue }> {
    const { accounts, lines, accountStates } = this.#parts;
    const account = await orSayWhatLives(this.#parts, user, () => accounts.find(user));
    if (account === undefined) throw new UserError(`There is no account ${user}.`);
    const policy = await this.#parts.policy.current();
    const roles = (policy.assigned.get(user) ?? []).map(({ id }) => id);
    const evidence = await takeEvidence(this.#parts, user);
    const state = await accountStates.find(user);
    const own = lines.ofMember(user).map(({ id }) => id);
    const counted = (key: string): string => {
      const list = evidence[key];
      return Array.isArray(list) ? String(list.length) : typeof list === 'string' ? list : 'not reported';
    };
    const text = [
      `${nameOf(user, account.displayName)}: ${stateInWords(account)}`,
      `Roles: ${roles.join(', ') || 'none'}. Lines: ${own.join(', ') || 'none'}.`,
      `Devices: ${counted('devices')}, sessions: ${counted('sessions')}, pushers: ${counted('pushers')}.`,
      ...lastConnections(evidence['connections']),
      ...(state === undefined ? [] : [`Changed by ${state.by} at ${timeOf(state.at)}${ABSENCE[state.absence]}.`]),
    ].join('\n');
    return { text, data: { user, roles, lines: own, ...evidence } };
  }
}

/** What we keep of an account, after who changed it and when. */
const ABSENCE = { none: '', locked: '; lines skip them', gone: '; offboarded: `reactivate` takes them back' } as const;

function stateInWords(account: Account): string {
  const flags = [
    ...(account.isDeactivated === true ? ['deactivated'] : []),
    ...(account.isLocked === true ? ['locked'] : []),
    ...(account.isSuspended === true ? ['suspended'] : []),
    ...(account.isAdmin === true ? ['administers the homeserver'] : []),
  ];
  return flags.join(', ') || 'active';
}

function lastConnections(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value)) return [];
  const all = value as { ip: string; lastSeenAt?: number; userAgent?: string }[];
  const newest = all.toSorted((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0)).slice(0, 5);
  return newest.map(
    ({ ip, lastSeenAt, userAgent }) =>
      `  ${ip}${lastSeenAt === undefined ? '' : `, ${timeOf(lastSeenAt)}`}${userAgent === undefined ? '' : `, ${userAgent}`}`,
  );
}
