import type { CarePolicy, ClassRules } from '../../model/care-policy.ts';
import type { RoomChange } from '../../model/room-change.ts';
import { stateId, type RoomSnapshot } from '../../model/room-snapshot.ts';
import type { RoomToGovern } from '../room-to-govern.ts';

/** What a rule looks at. `rules` are those of the room's class and kind. */
export interface RuleInput {
  readonly policy: CarePolicy;
  readonly room: RoomToGovern;
  readonly rules: ClassRules;
  readonly snapshot: RoomSnapshot;
}

/** One rule of governed rooms: what must change. Pure; content of state is anything a member wrote, so no shape is taken for granted. */
export type Rule = (input: RuleInput) => readonly RoomChange[];

/** A JSON object. */
export type Content = Readonly<Record<string, unknown>>;

/** The content of a state event, or undefined where there is none. */
export function contentOf(snapshot: RoomSnapshot, type: string, stateKey = ''): Content | undefined {
  const entry = snapshot.state.get(stateId(type, stateKey));
  if (entry === undefined) return undefined;
  return isObject(entry.content) ? entry.content : {};
}

/** A change that writes `after`. */
export function write(
  { snapshot }: RuleInput,
  change: {
    readonly rule: string;
    readonly why: string;
    readonly type: string;
    readonly stateKey?: string;
    readonly after: Content;
  },
): RoomChange {
  const { rule, why, type, stateKey = '', after } = change;
  return { rule, why, kind: 'set-state', type, stateKey, before: contentOf(snapshot, type, stateKey), after };
}

/** A change that only people can make. */
export function report(rule: string, why: string): RoomChange {
  return { rule, why, kind: 'report' };
}

/** True for a JSON object, so not for null and lists. */
export function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True where an event says nothing (any more): state is taken back by writing an empty object. */
export function isBlank(content: unknown): boolean {
  return !isObject(content) || Object.keys(content).length === 0;
}

/** True where two JSON values are the same, whatever the order of their keys. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key], b[key]))
  );
}
