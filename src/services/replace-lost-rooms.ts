import { createHash } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import { newOpaqueId, type RoomId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { MakeGovernedRoom } from './make-governed-room.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';
import type { TellSecurity } from './tell-security.ts';

/** What replacing needs. */
export interface LostRoomsParts {
  readonly rooms: Pick<Rooms, 'isIn'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'ofKind' | 'release'>;
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly settings: SettingsStore;
  readonly audit: AuditLog;
  readonly security: Pick<TellSecurity, 'tell'>;
  readonly namespace: Namespace;
  readonly log: Logger;
}

/**
 * At start: the command room and the security room, where the bot is not in them any more (they were deleted, or it was put out), get successors, into
 * which those with a role are asked: without them nobody could command. May be repeated.
 */
export async function replaceLostRooms(parts: LostRoomsParts): Promise<void> {
  const { governedRooms, rooms, namespace } = parts;
  for (const kind of ['command', 'security'] as const) {
    for (const room of await governedRooms.ofKind(kind)) {
      if (!(await rooms.isIn(room.roomId, namespace.bot))) await replace(parts, room, kind);
    }
  }
}

/** The new room's key is made of the lost one's id, so that a repetition makes the same. */
async function replace(parts: LostRoomsParts, room: GovernedRoom, kind: 'command' | 'security'): Promise<void> {
  const { make, governedRooms, settings, audit, security, log } = parts;
  const { roomId: lost, phiClass, unit, conversation, name } = room;
  const key = `${kind}-${createHash('sha256').update(lost).digest('hex').slice(0, 8)}`;
  const trace = newOpaqueId();
  const cause = `lost-room:${lost}`;
  const replaced = async (made: RoomId): Promise<void> => {
    if (kind === 'command') await settings.set(COMMAND_ROOM_SETTING, made);
    await governedRooms.release(lost, 'lost', Date.now());
    await audit.append({
      ...{ id: cause, action: 'room.replace', actor: 'carebridge', outcome: 'done', trace, cause },
      ...{ roomId: made, before: { room: lost }, details: { kind } },
    });
    const text = `The ${kind} room ${lost} is lost: it was deleted, or the bot was put out. Another was made: ${made}. Ask who did that.`;
    await security.tell(text, { cause, trace });
  };
  const roomId = await make.make({ kind, phiClass, unit, conversation, name, key }, replaced);
  log.warn('room.lost-and-replaced', { roomId, kind });
}
