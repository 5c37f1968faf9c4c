/** The state of governed rooms, from memory. */
import { PermanentError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { isKeptState } from '../model/kept-state.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import type { MatrixEvent } from '../model/rows.ts';
import { Limiter } from './limiter.ts';
import { statusOf } from './matrix-fault.ts';
import { PendingWrites } from './pending-writes.ts';
import type { RawState, RoomRecord } from './room-record.ts';
import { successionOf } from './succession.ts';

/** What keeping state needs. */
export interface StateSnapshotsParts {
  /** Asks the homeserver, as the bot. */
  readonly fetch: (roomId: RoomId) => Promise<RoomRecord>;
  readonly bot: UserId;
  /** Must be cheap: asked for every event. */
  readonly isGoverned: (roomId: RoomId) => boolean;
  readonly log: Logger;
  readonly now?: () => number;
}

interface Room {
  /** Undefined until fetched, and again while in doubt. */
  record: RoomRecord | undefined;
  /** Unix ms at which the fetch began. */
  fetchedAt: number;
  fetching: Promise<RoomRecord> | undefined;
  /** What came while fetching: the answer may be older or newer than it. */
  arrived: MatrixEvent[];
  /** We wrote something while fetching. */
  isOvertaken: boolean;
  /** Why its state cannot be taken in, and until when (Unix time, ms) it is not tried again. */
  refusal: { readonly error: PermanentError; readonly until: number } | undefined;
}

/** However many rooms are asked for, at a start with thousands of them as well. */
const MAX_PARALLEL = 4;
const MAX_FETCHES = 3;
/** More that came while fetching is not worth keeping: it is fetched again. */
const MAX_ARRIVED = 1_000;
/** State that is too large is not fetched again with every event, or a room could keep the bridge busy with nothing else. */
const REFUSED_MS = 600_000;

/**
 * Keeps the state of each governed room: fetched when first asked for, then kept by the events of the transactions. Each state event names the one
 * that it replaced, so that what is held follows exactly; whatever does not fit makes the room doubtful, and it is fetched anew when next asked
 * for. Of rooms that are not governed nothing is kept.
 */
export class StateSnapshots {
  readonly #parts: StateSnapshotsParts;
  readonly #now: () => number;
  readonly #limiter = new Limiter(MAX_PARALLEL);
  readonly #writes = new PendingWrites();
  readonly #rooms = new Map<RoomId, Room>();

  constructor(parts: StateSnapshotsParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** Throws PermanentError where the bot is not in the room, or its state is too large. */
  async snapshot(roomId: RoomId): Promise<RoomSnapshot> {
    return inRoom(await this.#record(roomId)).snapshot();
  }

  /** As `snapshot`, from the homeserver; whoever asks while that is under way waits for the same answer. */
  async refresh(roomId: RoomId): Promise<RoomSnapshot> {
    const room = this.#rooms.get(roomId);
    if (room) room.record = undefined;
    return await this.snapshot(roomId);
  }

  /** Takes in what a transaction says; returns the governed rooms in which something changed, or may have. */
  observe(events: readonly MatrixEvent[]): ReadonlySet<RoomId> {
    const changed = new Set<RoomId>();
    const known = new Map<RoomId, MatrixEvent[]>();
    for (const event of events) {
      const { room_id: roomId, type, state_key: stateKey } = event;
      const isState = stateKey !== undefined && (type === 'm.room.member' || isKeptState(type, stateKey));
      if (!isState && event.redacts === undefined) continue;
      if (isState) this.#writes.note(event);
      if (!this.#parts.isGoverned(roomId)) this.#rooms.delete(roomId);
      else if (this.#rooms.get(roomId)?.record) known.set(roomId, [...(known.get(roomId) ?? []), event]);
      else {
        if (isState) changed.add(roomId);
        this.#keepForLater(this.#rooms.get(roomId), event);
      }
    }
    for (const [roomId, those] of known) if (this.#follow(roomId, those)) changed.add(roomId);
    return changed;
  }

  /** Nothing of the room is kept. */
  forget(roomId: RoomId): void {
    this.#rooms.delete(roomId);
  }

  /** Runs a request that writes a state event, which it answers; the snapshot has it at once, before it comes back by a transaction. */
  async writeState(roomId: RoomId, type: string, stateKey: string, request: () => Promise<RawState>): Promise<void> {
    const before = this.#rooms.get(roomId)?.record?.heldId(type, stateKey);
    const { answer, seen } = await this.#writes.run(roomId, type, stateKey, request);
    // The homeserver answers with what is there already where that is the same.
    const isKnown = answer.eventId === before || seen.some((event) => event.event_id === answer.eventId);
    if (!isKnown) this.#put(roomId, (record) => record.put(answer));
  }

  /** As `writeState`, for a membership, of which the homeserver does not tell the event. `request` answers false where nothing was written. */
  async writeMember(
    roomId: RoomId,
    userId: UserId,
    membership: string,
    request: () => Promise<boolean>,
  ): Promise<void> {
    const { answer, seen } = await this.#writes.run(roomId, 'm.room.member', userId, request);
    const isOurs = (event: MatrixEvent) =>
      event.sender === this.#parts.bot && event.content['membership'] === membership;
    if (answer && !seen.some(isOurs)) this.#put(roomId, (record) => record.writeMember(userId, membership));
  }

  #put(roomId: RoomId, put: (record: RoomRecord) => unknown): void {
    const room = this.#rooms.get(roomId);
    if (room?.fetching) room.isOvertaken = true;
    else if (room?.record) put(room.record);
  }

  async #record(roomId: RoomId): Promise<RoomRecord> {
    if (!this.#parts.isGoverned(roomId)) {
      this.#rooms.delete(roomId);
      return await this.#limiter.run(() => this.#parts.fetch(roomId));
    }
    let room = this.#rooms.get(roomId);
    if (room === undefined) this.#rooms.set(roomId, (room = newRoom()));
    if (room.record) return room.record;
    if (room.refusal && this.#now() < room.refusal.until) throw room.refusal.error;
    return await this.#fetchOnce(roomId, room);
  }

  #fetchOnce(roomId: RoomId, room: Room): Promise<RoomRecord> {
    room.fetching ??= this.#fetch(roomId, room)
      .catch((error: unknown) => {
        this.#noteRefusal(room, error);
        throw error;
      })
      .finally(() => {
        room.fetching = undefined;
        room.arrived = [];
      });
    return room.fetching;
  }

  async #fetch(roomId: RoomId, room: Room): Promise<RoomRecord> {
    for (let fetches = 1; ; fetches++) {
      const { record, startedAt } = await this.#limiter.run(async () => {
        room.arrived = [];
        room.isOvertaken = false;
        const startedAt = this.#now();
        return { record: await this.#parts.fetch(roomId), startedAt };
      });
      const isClear = !room.isOvertaken && catchUp(record, room.arrived, startedAt).isClear;
      // In a room that changes all the time the last answer is as good as any, but it is not kept.
      if (!isClear && fetches < MAX_FETCHES) continue;
      room.refusal = undefined;
      room.fetchedAt = startedAt;
      // Where the bot is not in, no events come that could keep it.
      if (isClear && record.isBotIn) room.record = record;
      return record;
    }
  }

  /** The only refusals without a status are our own: of a body that is too large or too deep. */
  #noteRefusal(room: Room, error: unknown): void {
    if (!(error instanceof PermanentError) || statusOf(error) !== undefined) return;
    room.refusal = { error, until: this.#now() + REFUSED_MS };
    this.#parts.log.warn('room-state.refused', { error });
  }

  #keepForLater(room: Room | undefined, event: MatrixEvent): void {
    if (room?.fetching === undefined) return;
    if (room.arrived.length < MAX_ARRIVED) room.arrived.push(event);
    else room.isOvertaken = true;
  }

  /** Returns whether anything changed, or may have. */
  #follow(roomId: RoomId, events: readonly MatrixEvent[]): boolean {
    const room = this.#rooms.get(roomId);
    if (room?.record === undefined) return true;
    const { isClear, isChanged } = catchUp(room.record, events, room.fetchedAt);
    if (!isClear || !room.record.isBotIn) room.record = undefined;
    return !isClear || isChanged;
  }
}

function newRoom(): Room {
  return {
    record: undefined,
    fetchedAt: 0,
    fetching: undefined,
    arrived: [],
    isOvertaken: false,
    refusal: undefined,
  };
}

/** Puts events, in their order, into the record. Not clear where one does not fit, and none after it that does settles the matter. */
function catchUp(
  record: RoomRecord,
  events: readonly MatrixEvent[],
  fetchedAt: number,
): { isClear: boolean; isChanged: boolean } {
  const unclear = new Set<string>();
  let isChanged = false;
  for (const event of events) {
    const { type, state_key: stateKey, sender, event_id: eventId, content } = event;
    if (stateKey === undefined) {
      // What is left of a redacted event depends on the room version: the homeserver knows it.
      if (event.redacts && record.holds(event.redacts)) unclear.add(event.redacts);
      continue;
    }
    const key = `${type}\u0000${stateKey}`;
    const succession = record.isLeftOut(type, stateKey) ? 'next' : successionOf(record, event, fetchedAt);
    if (succession === 'unclear') {
      unclear.add(key);
      continue;
    }
    unclear.delete(key);
    if (succession === 'next' && record.put({ type, stateKey, sender, eventId, content })) isChanged = true;
  }
  return { isClear: unclear.size === 0, isChanged };
}

function inRoom(record: RoomRecord): RoomRecord {
  if (record.isBotIn) return record;
  throw new PermanentError("Could not read a room's state: the bot is not in the room.");
}
