import type { LineId, RoomId, UserId } from './ids.ts';
import type { Namespace } from './namespace.ts';
import type { PhiClass } from './phi-class.ts';
import type { Role, RoleId, Unit, UnitId } from './role.ts';

/** What a PHI class fixes in every governed room that carries it. */
export interface ClassRules {
  readonly isEncryptionRequired: boolean;
  readonly historyVisibility: 'joined' | 'invited' | 'shared';
  /** `restricted`: members of the unit's space may join by themselves. Rooms without a unit are by invitation whatever this says. */
  readonly joining: 'invite' | 'restricted';
  readonly areGuestsAllowed: boolean;
  /** `own-server`: server ACL and, in new rooms, `m.federate: false`; a list: these servers beside our own; `open`: no rule. */
  readonly federation: 'own-server' | 'open' | readonly string[];
  /** The power a member needs to invite. */
  readonly invitePower: number;
  /** Users who are neither staff nor ours and may be in, e.g. another bot. */
  readonly allowedBots: ReadonlySet<UserId>;
  /** Members whose devices are not verified are reported. */
  readonly areVerifiedDevicesRequired: boolean;
  /** Only shown: nothing acts on it in this version. */
  readonly retentionClass: string;
  /** False: a conversation of this class sends no text. */
  readonly mayTextOut: boolean;
  /** What people see of the class in Element, PHI-free: put before the topic, before the name, or not at all. */
  readonly marker: { readonly where: 'topic' | 'name' | 'none'; readonly text: string };
}

/** All that the rules of governed rooms look at: pure data, made anew when a role or a setting changes. */
export interface CarePolicy {
  readonly namespace: Namespace;
  readonly roles: ReadonlyMap<RoleId, Role>;
  readonly units: ReadonlyMap<UnitId, Unit>;
  readonly classes: Readonly<Record<PhiClass, ClassRules>>;
  /** The roles of each user who has one. */
  readonly assigned: ReadonlyMap<UserId, readonly Role[]>;
  /** Who was offboarded: they have no role, whatever gives them one. */
  readonly gone: ReadonlySet<UserId>;
  /** Whose account is locked, and who was offboarded: nothing is done on their word. */
  readonly absent: ReadonlySet<UserId>;
  /** The team of each line. */
  readonly teams: ReadonlyMap<LineId, ReadonlySet<UserId>>;
  /** Emergency admissions that are open now, by room. */
  readonly emergencies: ReadonlyMap<RoomId, ReadonlySet<UserId>>;
  /** The space of each unit that has one. */
  readonly unitSpaces: ReadonlyMap<UnitId, RoomId>;
  /** The care teams of each unit, which its space holds; undefined where spaces are left alone. */
  readonly unitRooms?: ReadonlyMap<UnitId, ReadonlySet<RoomId>>;
  /** The devices that their owners have not verified, of those for whom a class requires it; undefined before anybody looked. */
  readonly unverifiedDevices?: ReadonlyMap<UserId, readonly string[]>;
}
