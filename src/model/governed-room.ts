import type { ConversationId, LineId, RoomId, UserId } from './ids.ts';
import type { PhiClass } from './phi-class.ts';
import type { UnitId } from './role.ts';

/** What a governed room is for. */
export type RoomKind = 'conversation' | 'care-team' | 'command' | 'security' | 'unit';

/** A room whose policy the bot keeps. */
export interface GovernedRoom {
  readonly roomId: RoomId;
  readonly kind: RoomKind;
  readonly phiClass: PhiClass;
  /** Opaque: what the class event names, and what the audit log calls the room in future. */
  readonly opaqueId: string;
  /** The unit it belongs to; for a unit's space the unit itself. */
  readonly unit: UnitId | undefined;
  /** For a conversation: whose line and whose ghost. */
  readonly conversation: { readonly id: ConversationId; readonly lineId: LineId; readonly ghost: UserId } | undefined;
  /** The name that is kept, PHI-free; undefined where the name is left to people (still checked for numbers). */
  readonly name: string | undefined;
  /** Made by the bot, or adopted from people. */
  readonly origin: 'made' | 'adopted';
  /** Unix time, ms. */
  readonly since: number;
}

/** A temporary admission in an emergency (45 CFR 164.312(a)(2)(ii)). */
export interface EmergencyAccess {
  readonly id: string;
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly reason: string;
  /** Unix time, ms. */
  readonly grantedAt: number;
  readonly expiresAt: number;
  /** Unix time, ms, when it ended and the user was out; undefined before. */
  readonly endedAt: number | undefined;
  /** Who ended it: a user id, or `expiry`. */
  readonly endedBy: string | undefined;
}
