import { parseUserId, type UserId } from '../../model/ids.ts';
import { isOurs } from '../../model/namespace.ts';
import { CREATOR_POWER, hasPrivilegedCreators, powerOf, powerToWrite } from '../../model/room-power.ts';
import type { RoomSnapshot } from '../../model/room-snapshot.ts';
import { mayBeIn } from '../may-be-in.ts';
import { toBeInvited } from '../must-be-in.ts';
import { BOT_POWER, GOVERNED_EVENTS, rolePower, wantedLevels } from '../wanted-power-levels.ts';
import { contentOf, isObject, report, write, type Content, type Rule, type RuleInput } from './rule.ts';

const RULE = 'power-levels';
const IN = new Set(['join', 'invite', 'knock']);
/** Reasons that are named one by one. */
const MOST_REASONS = 5;

/** Roles become power levels; nobody stands beside the bot, nothing that it governs can be written by others (A4). */
export const powerLevels: Rule = (input) => {
  const { snapshot, policy } = input;
  const { bot } = policy.namespace;
  const botPower = powerOf(snapshot, bot);
  if (botPower < BOT_POWER || botPower < powerToWrite(snapshot, 'm.room.power_levels')) {
    const needed = Math.max(BOT_POWER, powerToWrite(snapshot, 'm.room.power_levels'));
    return [
      report(
        RULE,
        `the bot has power ${inWords(botPower)} and needs ${inWords(needed)} to keep the policy. Somebody with that power must give it.`,
      ),
    ];
  }
  const current = contentOf(snapshot, 'm.room.power_levels');
  const draft = new Draft(botPower, snapshot.version);
  const after = {
    users: users(input, current?.['users'], draft),
    ...levels(input, current, draft),
    events: events(current?.['events'], draft),
    notifications: { room: notification(current?.['notifications'], draft) },
  };
  return [
    ...draft.stuck.slice(0, MOST_REASONS).map((why) => report(RULE, why)),
    ...(draft.reasons.length === 0 && current !== undefined
      ? []
      : [write(input, { rule: RULE, why: why(draft.reasons), type: 'm.room.power_levels', after })]),
  ];
};

/** Collects what is wrong, and what cannot be put right: levels as high as the bot's own. */
class Draft {
  readonly reasons: string[] = [];
  readonly stuck: string[] = [];
  readonly botPower: number;
  readonly #takesText: boolean;

  constructor(botPower: number, version: string) {
    this.botPower = botPower;
    this.#takesText = Number(version) < 10;
  }

  read(value: unknown): number | undefined {
    return levelIn(value, this.#takesText);
  }

  /** The level to write: `wanted`, unless what is there now is out of the bot's reach. `present` is undefined where nothing is there. */
  level(name: string, present: unknown, wanted: number, whenAbsent: number): number {
    if (present === wanted || (present === undefined && whenAbsent === wanted)) return wanted;
    const value = this.read(present);
    if (value !== undefined && value > this.botPower) {
      this.stuck.push(`the level ${name} is above the bot's power, so the bot cannot lower it.`);
      return value;
    }
    this.reasons.push(`${name} is ${present === undefined ? 'not set' : inWords(value)} instead of ${wanted}`);
    return wanted;
  }
}

function users(input: RuleInput, present: unknown, draft: Draft): Record<string, number> {
  const { snapshot, policy, room } = input;
  const { bot } = policy.namespace;
  const standsAbove = hasPrivilegedCreators(snapshot.version) ? snapshot.creators : new Set<UserId>();
  const wanted = new Map<string, number>();
  if (!standsAbove.has(bot)) wanted.set(bot, BOT_POWER);
  for (const user of [...comers(snapshot), ...toBeInvited(policy, room, snapshot)]) {
    if (standsAbove.has(user) || isOurs(policy.namespace, user) || !mayBeIn(policy, room, user).allowed) continue;
    const power = rolePower(policy, room, user);
    if (power > 0) wanted.set(user, power);
  }
  const after = new Map<string, number>();
  if (present !== undefined && !isObject(present)) draft.reasons.push('`users` is not a list');
  for (const [name, level] of Object.entries(isObject(present) ? present : {})) {
    const user = parseUserId(name);
    if (user === undefined || standsAbove.has(user)) draft.reasons.push('somebody is listed who must not be');
    else keepOrLower(input, user, level, wanted.get(user), draft, after);
  }
  for (const [user, power] of wanted) {
    if (after.has(user)) continue;
    draft.reasons.push(`${user} should have ${power}`);
    after.set(user, power);
  }
  return Object.fromEntries(after);
}

/** Who is in, invited, or will be let in where they may. */
function comers({ members }: RoomSnapshot): UserId[] {
  return [...members].flatMap(([user, membership]) => (IN.has(membership) ? [user] : []));
}

function keepOrLower(
  { snapshot, policy, room }: RuleInput,
  user: UserId,
  level: unknown,
  wanted: number | undefined,
  draft: Draft,
  after: Map<string, number>,
): void {
  const isMember = IN.has(snapshot.members.get(user) ?? '');
  // Somebody with a role who is not in at the moment may stay listed: coming and going writes nothing.
  const most =
    wanted ??
    (!isMember && !isOurs(policy.namespace, user) && mayBeIn(policy, room, user).allowed
      ? rolePower(policy, room, user)
      : 0);
  const isRight = Number.isSafeInteger(level) && (level === most || (wanted === undefined && !isMember && level === 0));
  const value = draft.read(level);
  if (isRight) after.set(user, level);
  else if (user !== policy.namespace.bot && value !== undefined && value >= draft.botPower) {
    draft.stuck.push(`${user} has as much power as the bot, so the bot cannot take it back; ${user} must do it.`);
    after.set(user, Number.isSafeInteger(value) ? value : BOT_POWER);
  } else {
    draft.reasons.push(`${user} has ${inWords(value)} instead of ${most}`);
    if (wanted !== undefined) after.set(user, wanted);
  }
}

function levels({ rules }: RuleInput, current: Content | undefined, draft: Draft): Record<string, number> {
  const defaults: Readonly<Record<string, number>> = {
    users_default: 0,
    events_default: 0,
    state_default: 50,
    invite: 0,
    kick: 50,
    ban: 50,
    redact: 50,
  };
  const wanted = wantedLevels(rules);
  return Object.fromEntries(
    Object.entries(wanted).map(([name, level]) => [
      name,
      draft.level(name, current?.[name], level, defaults[name] ?? 0),
    ]),
  );
}

function events(present: unknown, draft: Draft): Record<string, number> {
  const current = isObject(present) ? present : {};
  if (present !== undefined && !isObject(present)) draft.reasons.push('`events` is not a list');
  const after = Object.entries(GOVERNED_EVENTS).map(([type, level]): [string, number] => [
    type,
    draft.level(type, Object.hasOwn(current, type) ? current[type] : undefined, level, NaN),
  ]);
  for (const [type, level] of Object.entries(current)) {
    if (Object.hasOwn(GOVERNED_EVENTS, type)) continue;
    const value = draft.read(level);
    if (value !== undefined && value > draft.botPower) {
      draft.stuck.push("the level of an event type is above the bot's power, so the bot cannot lower it.");
      after.push([type, value]);
    } else draft.reasons.push('an event type has its own power level');
  }
  return Object.fromEntries(after);
}

function notification(present: unknown, draft: Draft): number {
  const room = isObject(present) ? present['room'] : present;
  return draft.level('notifications.room', room, 50, 50);
}

/** A level as servers read it: room versions before 10 take numbers in text too (MSC3667). undefined where it is none. */
function levelIn(value: unknown, takesText: boolean): number | undefined {
  const isText = takesText && typeof value === 'string' && /^\s*[+-]?\d{1,30}\s*$/.test(value);
  const level = typeof value === 'number' ? value : isText ? Number(value) : NaN;
  if (Number.isNaN(level)) return undefined;
  // No number is as much as a creator has.
  return Math.trunc(Math.max(1 - CREATOR_POWER, Math.min(CREATOR_POWER - 1, level)));
}

/** Whoever writes a level could write a phone number. */
function inWords(level: number | undefined): string {
  if (level === undefined) return 'no number';
  return Math.abs(level) <= BOT_POWER ? String(level) : level > 0 ? 'more than 100' : 'less than -100';
}

function why(reasons: readonly string[]): string {
  if (reasons.length === 0) return 'there are no power levels.';
  const rest = reasons.length - MOST_REASONS;
  return `power levels: ${reasons.slice(0, MOST_REASONS).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`;
}
