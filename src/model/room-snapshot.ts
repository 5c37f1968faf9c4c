import type { EventId, RoomId, UserId } from './ids.ts';

/** One state event as far as policy looks at it. `content` is whatever a member put there: any JSON, also of wrong types. */
export interface StateEntry {
  readonly type: string;
  readonly stateKey: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly sender: UserId;
  readonly eventId: EventId;
}

/** A room's state at one moment. */
export interface RoomSnapshot {
  readonly roomId: RoomId;
  /** As the create event says, e.g. `12`; `1` where it says nothing; may be one we do not know. */
  readonly version: string;
  /** Who stands above the power levels: in room version 12 and later, else empty (MSC4289). */
  readonly creators: ReadonlySet<UserId>;
  /** Every state event but members, by `stateId(type, stateKey)`. */
  readonly state: ReadonlyMap<string, StateEntry>;
  /** Everybody with a membership event: `join`, `invite`, `knock`, `leave`, `ban`. */
  readonly members: ReadonlyMap<UserId, string>;
  /** Those of `leave` who left, or turned the invitation down, themselves: they are not asked again. */
  readonly leftThemselves?: ReadonlySet<UserId>;
  /** Who wrote a membership, where it was not the member: e.g. who invited them. */
  readonly movedBy?: ReadonlyMap<UserId, UserId>;
  /** What could not be taken in, e.g. more members than are kept; PHI-free words for the report. */
  readonly faults: readonly string[];
}

/** The key of a state event in a snapshot. */
export function stateId(type: string, stateKey = ''): string {
  return `${type}\u0000${stateKey}`;
}
