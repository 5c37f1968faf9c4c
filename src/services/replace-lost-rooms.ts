import { createHash } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import { newOpaqueId, type RoomId, type UserId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { MakeGovernedRoom } from './make-governed-room.ts';
import { COMMAND_ROOM_SETTING, type Notifier } from './notifier.ts';
import { replacementSetting } from './replaced-rooms.ts';

/** What replacing needs. */
export interface ReplaceLostRoomsParts {
  readonly rooms: Pick<Rooms, 'isIn'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'ofKind' | 'release'>;
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly settings: SettingsStore;
  readonly audit: AuditLog;
  readonly notifier: Pick<Notifier, 'say'>;
  readonly namespace: Namespace;
  /** A room is another one now: what is kept of it, and what was made of where it is. */
  readonly roomMoved: (from: RoomId, to: RoomId) => void;
  readonly log: Logger;
}

/** The rooms without which nobody could command, or would hear of what is wrong. */
const KINDS = ['command', 'security'] as const;
/** What nobody tells us of, such as a deletion, is found by then. ms. */
const EVERY_MS = 60_000;

/**
 * The command room and the security room get successors where the bot is not in them any more, or they were closed: those with a role are asked in,
 * and told there, once. One is replaced at a time.
 */
export class ReplaceLostRooms implements AsyncDisposable {
  readonly #parts: ReplaceLostRoomsParts;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ReplaceLostRoomsParts) {
    this.#parts = parts;
  }

  /** Looks now and then, until it is disposed of. */
  start(): void {
    const { log } = this.#parts;
    this.#timer ??= setInterval(() => {
      this.look().catch((error: unknown) => log.warn('room.not-looked-for', { error }));
    }, EVERY_MS).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /**
   * Asks the homeserver whether the bot is in each, and replaces those that are lost. `putOut`: what an event said of one of them. Throws RetryableError
   * while the homeserver is away. May be repeated.
   */
  look(putOut?: { readonly roomId: RoomId; readonly by: UserId }): Promise<void> {
    return this.#oneAtATime(async () => {
      const { governedRooms, rooms, namespace } = this.#parts;
      for (const kind of KINDS) {
        for (const room of await governedRooms.ofKind(kind)) {
          if (await rooms.isIn(room.roomId, namespace.bot)) continue;
          const by = putOut?.roomId === room.roomId ? putOut.by : namespace.bot;
          // Synapse lets the bot leave rooms that it deletes.
          const why = by === namespace.bot ? 'it was deleted, or the bot was put out' : `the bot was put out by ${by}`;
          await this.#replace(room, why);
        }
      }
    });
  }

  /** The room was closed, and nobody can be led on from it. */
  close(roomId: RoomId): Promise<void> {
    return this.#oneAtATime(async () => {
      const room = await this.#parts.governedRooms.find(roomId);
      if (room === undefined || !isReplaced(room)) return;
      await this.#replace(room, 'it was closed, and points to no room that the bot may follow to');
    });
  }

  /** The new room's key is made of the lost one's id, so that a repetition makes the same. */
  async #replace(room: GovernedRoom, why: string): Promise<void> {
    const { make, governedRooms, settings, audit, notifier, log, roomMoved } = this.#parts;
    const { roomId: lost, kind, phiClass, unit, conversation, name } = room;
    const key = `${kind}-${createHash('sha256').update(lost).digest('hex').slice(0, 8)}`;
    const trace = newOpaqueId();
    const cause = `lost-room:${lost}`;
    const replaced = async (made: RoomId): Promise<void> => {
      if (kind === 'command') await settings.set(COMMAND_ROOM_SETTING, made);
      await settings.set(replacementSetting(lost), made);
      await governedRooms.release(lost, 'lost', Date.now());
      await audit.append({
        id: cause,
        action: 'room.replace',
        actor: 'carebridge',
        outcome: 'done',
        trace,
        cause,
        roomId: made,
        before: { room: lost },
        details: { kind, why },
      });
      const text = `The ${kind} room ${lost} is lost: ${why}. Another was made: ${made}. Ask who did that.`;
      await notifier.say(made, text, { cause, trace });
      const [security] = await governedRooms.ofKind('security');
      if (security === undefined || security.roomId === made) return;
      await notifier.say(security.roomId, text, { cause: `${cause}:security`, trace });
    };
    const made = await make.make({ kind, phiClass, unit, conversation, name, key }, replaced);
    roomMoved(lost, made);
    log.warn('room.lost-and-replaced', { roomId: made, kind });
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    const next = this.#running.then(work);
    // A failure belongs to its caller.
    this.#running = next.catch(() => undefined);
    return next;
  }
}

/** Whether a room of this kind is replaced where it is lost. */
export function isReplaced({ kind }: Pick<GovernedRoom, 'kind'>): boolean {
  return (KINDS as readonly GovernedRoom['kind'][]).includes(kind);
}
