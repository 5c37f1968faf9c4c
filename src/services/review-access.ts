import { labelOf } from '../model/device-label.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { RoleAssignment } from '../model/role.ts';
import type { AccountDevice } from '../ports/accounts.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import { csvLine } from './csv.ts';
import { seenMembers } from './seen-members.ts';

/** What a review is made of. */
export interface ReviewAccessParts {
  readonly namespace: Namespace;
  readonly roles: RoleStore;
  readonly governedRooms: GovernedRoomStore;
  readonly control: Pick<RoomControl, 'snapshot'>;
  /** A user's devices; throws UserError where the homeserver does not say. Left out: the columns are empty. */
  readonly devicesOf?: ((user: UserId) => Promise<readonly AccountDevice[]>) | undefined;
}

/** Somebody who can get at something, and by what. */
export interface AccessOfUser {
  readonly userId: UserId;
  readonly roles: readonly RoleAssignment[];
  readonly rooms: readonly { readonly room: GovernedRoom; readonly membership: 'join' | 'invite' }[];
  /** undefined: not known. */
  readonly devices: readonly AccountDevice[] | undefined;
}

/** Everybody’s access at one moment. */
export interface AccessReview {
  /** Unix ms. */
  readonly at: number;
  /** By user id. */
  readonly users: readonly AccessOfUser[];
  readonly rooms: number;
  /** Rooms whose members the bot cannot see. */
  readonly unseenRooms: readonly RoomId[];
}

/** In place of a user: whoever has the file must not take it for all. */
const UNSEEN = 'not known: the bot is not in these rooms';
const COLUMNS = ['user', 'roles', 'rooms', 'invitations', 'devices', 'last_seen'];

/** Who has which roles, is in which governed rooms, with which devices: the periodic review (A8, 45 CFR 164.308(a)(4)(ii)(C)). */
export class ReviewAccess {
  readonly #parts: ReviewAccessParts;

  constructor(parts: ReviewAccessParts) {
    this.#parts = parts;
  }

  /** Looks at the live state. */
  async run(): Promise<AccessReview> {
    const { namespace, roles, governedRooms } = this.#parts;
    const users = new Map<UserId, { roles: RoleAssignment[]; rooms: AccessOfUser['rooms'][number][] }>();
    const of = (userId: UserId) => {
      const known = users.get(userId) ?? { roles: [], rooms: [] };
      users.set(userId, known);
      return known;
    };
    for (const assignment of await roles.current()) of(assignment.userId).roles.push(assignment);
    const rooms = await governedRooms.all();
    const unseenRooms: RoomId[] = [];
    for (const room of rooms) {
      const members = await seenMembers(this.#parts.control, room.roomId);
      if (members === undefined) unseenRooms.push(room.roomId);
      for (const [userId, membership] of members ?? []) {
        if ((membership === 'join' || membership === 'invite') && !isOurs(namespace, userId)) {
          of(userId).rooms.push({ room, membership });
        }
      }
    }
    const all: AccessOfUser[] = [];
    for (const [userId, access] of [...users].sort(([a], [b]) => (a < b ? -1 : 1))) {
      all.push({ userId, ...access, devices: await this.#parts.devicesOf?.(userId).catch(unknownDevices) });
    }
    return { at: Date.now(), users: all, rooms: rooms.length, unseenRooms };
  }
}

/** The review as a file for spreadsheets: one line a user, and one for the rooms that could not be looked into. */
export function accessReviewCsv({ users, unseenRooms }: AccessReview): string {
  const unseen = unseenRooms.length === 0 ? [] : [[UNSEEN, '', list(unseenRooms), '', '', '']];
  return [COLUMNS, ...users.map(cellsOf), ...unseen].map(csvLine).join('');
}

function cellsOf({ userId, roles, rooms, devices }: AccessOfUser): string[] {
  const inRooms = (wanted: string) => list(rooms.filter(({ membership }) => membership === wanted).map(roomWords));
  const seen = (devices ?? []).flatMap(({ lastSeenAt }) => lastSeenAt ?? []);
  return [
    userId,
    list(roles.map(({ roleId, source, since }) => `${roleId} (${source}, since ${dayOf(since)})`)),
    inRooms('join'),
    inRooms('invite'),
    devices === undefined
      ? 'not known'
      : list(devices.map(({ deviceId, name }) => `${labelOf(deviceId)}${name ? ` (${name})` : ''}`)),
    seen.length === 0 ? '' : new Date(Math.max(...seen)).toISOString(),
  ];
}

/** Patients’ rooms have no name here: their id is opaque. */
function roomWords({ room: { kind, phiClass, name, opaqueId } }: AccessOfUser['rooms'][number]): string {
  return `${kind} ${kind === 'conversation' || name === undefined ? opaqueId : name} (${phiClass})`;
}

function list(words: readonly string[]): string {
  return words.toSorted().join('; ');
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** A homeserver that does not say, or is away, is no reason not to have the rest. */
function unknownDevices(): undefined {
  return undefined;
}
