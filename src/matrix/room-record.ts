/** The state of one room as it is kept in memory: bounded, whatever its members write. */
import { parseUserId, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import { isKeptState } from '../model/kept-state.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../model/room-snapshot.ts';
import { MAX_EVENT_DEPTH, isDeeper } from './json-depth.ts';
import { creationFault, creatorsIn, versionIn } from './room-creation.ts';

/** A state event, its content still of any kind. */
export interface RawState {
  readonly type: string;
  readonly stateKey: string;
  readonly content: unknown;
  readonly sender: UserId;
  readonly eventId: EventId;
}

/** Of a room with more members the rest is left out, first those who left. */
export const MAX_MEMBERS = 20_000;
/** State events with a state key, e.g. the rooms of a space. */
export const MAX_KEYED = 2_000;
/** ... and their size, as JSON characters. */
const MAX_KEYED_SIZE = 1_000_000;
/** The servers' own limit of a whole event, in bytes (Matrix specification, client-server API, size limits). */
const MAX_CONTENT = 65_536;

const MEMBERSHIPS = new Set(['join', 'invite', 'knock', 'leave', 'ban']);
const MEMBERS = 'members';
const KEYED = 'keyed';

/** Takes state events in and gives snapshots. A snapshot that was handed out never changes. */
export class RoomRecord {
  readonly roomId: RoomId;
  readonly #bot: UserId;
  readonly #memberIds = new Map<UserId, EventId>();
  /** Whose membership we wrote and have not heard of yet. */
  readonly #written = new Set<UserId>();
  readonly #leftThemselves = new Set<UserId>();
  readonly #movedBy = new Map<UserId, UserId>();
  readonly #keyedSizes = new Map<string, number>();
  readonly #faults = new Map<string, string>();
  #keyedSize = 0;
  #state = new Map<string, StateEntry>();
  #members = new Map<UserId, string>();
  #snapshot: RoomSnapshot | undefined;
  /** True while the maps belong to a snapshot as well. */
  #isShared = false;

  /** The bot's own membership is kept before all others. */
  constructor(roomId: RoomId, bot: UserId) {
    this.roomId = roomId;
    this.#bot = bot;
  }

  get isBotIn(): boolean {
    return this.#members.get(this.#bot) === 'join';
  }

  /** The event that is held for this state. */
  heldId(type: string, stateKey: string): EventId | undefined {
    if (type === 'm.room.member') return this.#memberIds.get(stateKey as UserId);
    return this.#state.get(stateId(type, stateKey))?.eventId;
  }

  /** True where this state may have been left out: that it is not held says nothing. */
  isLeftOut(type: string, stateKey: string): boolean {
    const isMember = type === 'm.room.member';
    if (!this.#faults.has(isMember ? MEMBERS : KEYED)) return false;
    return this.heldId(type, stateKey) === undefined && (isMember || stateKey !== '');
  }

  /** True where this event is held: for redactions. */
  holds(eventId: string): boolean {
    for (const entry of this.#state.values()) if (entry.eventId === eventId) return true;
    for (const held of this.#memberIds.values()) if (held === eventId) return true;
    return false;
  }

  /** Notes, once, what could not be taken in. PHI-free words. */
  addFault(key: string, words: string): void {
    if (this.#faults.get(key) === words) return;
    this.#faults.set(key, words);
    this.#snapshot = undefined;
  }

  /** Takes an event in place of the one that is held. Returns false where that changes nothing that policy looks at. */
  put(event: RawState): boolean {
    if (event.type !== 'm.room.member') return this.#putState(event);
    const userId = parseUserId(event.stateKey);
    const membership = isObject(event.content) ? event.content['membership'] : undefined;
    if (userId === undefined || typeof membership !== 'string' || !MEMBERSHIPS.has(membership)) {
      this.addFault('malformed members', 'A membership event is malformed.');
      return false;
    }
    if (!this.#makeRoom(userId, membership)) return false;
    this.#memberIds.set(userId, event.eventId);
    this.#noteLeaving(userId, membership, event.sender);
    this.#noteMover(userId, event.sender);
    const isSame = this.#members.get(userId) === membership;
    // It came between what was held and what we wrote; ours is still on its way.
    if (!isSame && this.#written.has(userId)) return false;
    this.#written.delete(userId);
    if (!isSame) this.#setMember(userId, membership);
    return !isSame;
  }

  /** Sets a membership that we just wrote and whose event has not come yet. */
  writeMember(userId: UserId, membership: string): void {
    if (this.#members.get(userId) === membership || !this.#makeRoom(userId, membership)) return;
    this.#leftThemselves.delete(userId);
    this.#movedBy.set(userId, this.#bot);
    this.#setMember(userId, membership);
    this.#written.add(userId);
  }

  /** What is known now. The same object as long as nothing changes. */
  snapshot(): RoomSnapshot {
    this.#isShared = true;
    const create = this.#state.get(CREATE);
    this.#snapshot ??= {
      roomId: this.roomId,
      version: versionIn(create),
      creators: creatorsIn(create),
      state: this.#state,
      members: this.#members,
      leftThemselves: new Set(this.#leftThemselves),
      movedBy: new Map(this.#movedBy),
      faults: [...new Set(this.#faults.values())],
    };
    return this.#snapshot;
  }

  /** Remembers who went by themselves: they are not asked back. */
  #noteLeaving(userId: UserId, membership: string, sender: UserId): void {
    const isOwn = membership === 'leave' && sender === userId;
    if (isOwn === this.#leftThemselves.has(userId)) return;
    this.#snapshot = undefined;
    if (isOwn) this.#leftThemselves.add(userId);
    else this.#leftThemselves.delete(userId);
  }

  /** For the log: who let somebody in or out. */
  #noteMover(userId: UserId, sender: UserId): void {
    if (this.#movedBy.get(userId) === (sender === userId ? undefined : sender)) return;
    this.#snapshot = undefined;
    if (sender === userId) this.#movedBy.delete(userId);
    else this.#movedBy.set(userId, sender);
  }

  #setMember(userId: UserId, membership: string): void {
    this.#change();
    this.#members.set(userId, membership);
  }

  #putState({ type, stateKey, content, sender, eventId }: RawState): boolean {
    if (!isKeptState(type, stateKey)) return false;
    const id = stateId(type, stateKey);
    if (stateKey !== '' && !this.#fits(id, content)) return false;
    this.#change();
    const problem = faultOf(content);
    const readable = problem === undefined ? (content as Record<string, unknown>) : {};
    const entry = { type, stateKey, content: readable, sender, eventId };
    this.#state.set(id, entry);
    const creation = id === CREATE ? creationFault(entry) : undefined;
    const fault = problem === undefined ? creation : `The content of ${type} ${problem}.`;
    if (fault === undefined) this.#faults.delete(id);
    else this.#faults.set(id, fault);
    return true;
  }

  /** Counts what may be there many times; the rest is bounded by being there once. */
  #fits(id: string, content: unknown): boolean {
    const before = this.#keyedSizes.get(id);
    const size = faultOf(content) === undefined ? JSON.stringify(content).length + id.length : id.length;
    const total = this.#keyedSize - (before ?? 0) + size;
    if (total > MAX_KEYED_SIZE || (before === undefined && this.#keyedSizes.size >= MAX_KEYED)) {
      this.addFault(KEYED, 'The room has more state than is looked at.');
      return false;
    }
    this.#keyedSizes.set(id, size);
    this.#keyedSize = total;
    return true;
  }

  /** Sees that a new member has a place. */
  #makeRoom(userId: UserId, membership: string): boolean {
    if (this.#members.size < MAX_MEMBERS || this.#members.has(userId)) return true;
    this.addFault(MEMBERS, `The room has more than ${MAX_MEMBERS} members: not all of them are looked at.`);
    if (membership === 'leave' && userId !== this.#bot) return false;
    const isOut = ([user, held]: [UserId, string]) => held === 'leave' && user !== this.#bot;
    const [dropped] = this.#members.entries().find(isOut) ?? [];
    if (dropped === undefined) return userId === this.#bot;
    this.#change();
    this.#members.delete(dropped);
    this.#memberIds.delete(dropped);
    this.#leftThemselves.delete(dropped);
    this.#movedBy.delete(dropped);
    return true;
  }

  /** What was handed out stays as it is. */
  #change(): void {
    this.#snapshot = undefined;
    if (!this.#isShared) return;
    this.#isShared = false;
    this.#state = new Map(this.#state);
    this.#members = new Map(this.#members);
  }
}

const CREATE = stateId('m.room.create');

function faultOf(content: unknown): string | undefined {
  if (!isObject(content)) return 'is not an object';
  if (isDeeper(content, MAX_EVENT_DEPTH)) return 'is nested too deeply';
  return JSON.stringify(content).length > MAX_CONTENT ? 'is too large' : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
