/** A homeserver's rooms in memory, as far as governing sees them: with power that counts, refusals and absences. */
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { GovernedRoomPlan } from '../../../src/model/governed-room-plan.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { hasPrivilegedCreators, powerOf, powerToAct, powerToWrite } from '../../../src/model/room-power.ts';
import type { ChangeOutcome, RoomChange } from '../../../src/model/room-change.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../../../src/model/room-snapshot.ts';
import type { RoomControl } from '../../../src/ports/room-control.ts';

let events = 0;

/** The rooms; the bot is in those that it made. */
export class FakeRoomControl implements RoomControl {
  readonly rooms = new Map<RoomId, RoomSnapshot>();
  /** What was applied, in its order. */
  readonly applied: (RoomChange & { readonly roomId: RoomId })[] = [];
  /** How often a room's state was asked of the homeserver. */
  fetches = 0;
  /** The homeserver is away. */
  isAway = false;
  /** Kinds of change, or types of state, that are refused. */
  readonly denies = new Set<string>();
  /** ... or fail otherwise. */
  readonly fails = new Set<string>();
  readonly left: RoomId[] = [];
  readonly forgotten: RoomId[] = [];
  readonly created: GovernedRoomPlan[] = [];
  /** Called before each change. */
  onApply: (roomId: RoomId, change: RoomChange) => void | Promise<void> = () => undefined;
  version = '12';
  readonly #bot: UserId;
  readonly #known = new Set<RoomId>();
  readonly #byKey = new Map<string, RoomId>();

  constructor(bot: UserId) {
    this.#bot = bot;
  }

  async create(plan: GovernedRoomPlan): Promise<RoomId> {
    this.#requireServer();
    const known = this.#byKey.get(plan.key);
    if (known !== undefined) return known;
    const roomId = `!made-${this.#byKey.size + 1}` as RoomId;
    this.#byKey.set(plan.key, roomId);
    this.created.push(plan);
    const { version } = this;
    const create = { room_version: version, 'm.federate': plan.federate, ...(plan.isSpace && { type: 'm.space' }) };
    this.rooms.set(roomId, {
      roomId,
      version,
      creators: new Set(hasPrivilegedCreators(version) ? [this.#bot] : []),
      state: new Map(),
      members: new Map(),
      faults: [],
    });
    const state: [string, string, object][] = [
      ['m.room.create', '', create],
      ...plan.initialState.map(({ type, stateKey, content }): [string, string, object] => [type, stateKey, content]),
      ['m.room.name', '', { name: plan.name }],
      ...(plan.topic === '' ? [] : [['m.room.topic', '', { topic: plan.topic }] as [string, string, object]]),
    ];
    for (const [type, key, content] of state) this.write(roomId, type, content, { stateKey: key, sender: this.#bot });
    this.move(roomId, this.#bot, 'join');
    if (plan.ghost !== undefined) this.move(roomId, plan.ghost, 'join');
    for (const user of plan.invite) this.move(roomId, user, 'invite', this.#bot);
    return roomId;
  }

  async newRoomVersion(): Promise<string> {
    return this.version;
  }

  async snapshot(roomId: RoomId): Promise<RoomSnapshot> {
    if (!this.#known.has(roomId)) return this.refresh(roomId);
    return this.#inRoom(roomId);
  }

  async refresh(roomId: RoomId): Promise<RoomSnapshot> {
    this.#requireServer();
    this.fetches += 1;
    const room = this.#inRoom(roomId);
    this.#known.add(roomId);
    return room;
  }

  observe(): ReadonlySet<RoomId> {
    return new Set();
  }

  forget(roomId: RoomId): void {
    this.forgotten.push(roomId);
    this.#known.delete(roomId);
  }

  async apply(roomId: RoomId, change: RoomChange): Promise<ChangeOutcome> {
    await this.onApply(roomId, change);
    this.#requireServer();
    const what = change.kind === 'set-state' ? change.type : change.kind;
    if (this.fails.has(what)) return { outcome: 'failed', problem: 'The homeserver did not like it.' };
    if (this.denies.has(what) || !this.#hasPower(roomId, change)) {
      return { outcome: 'denied', problem: 'The bot does not have enough power.' };
    }
    this.applied.push({ ...change, roomId });
    switch (change.kind) {
      case 'set-state':
        this.write(roomId, change.type, change.after, { stateKey: change.stateKey, sender: this.#bot });
        break;
      case 'invite':
        this.move(roomId, change.userId, 'invite', this.#bot);
        break;
      case 'remove':
      case 'unban':
        this.move(roomId, change.userId, 'leave', this.#bot);
        break;
      case 'remove-alias':
      case 'report':
    }
    return { outcome: 'applied' };
  }

  async join(roomId: RoomId): Promise<boolean> {
    const membership = this.rooms.get(roomId)?.members.get(this.#bot);
    if (membership !== 'invite' && membership !== 'join') return false;
    this.move(roomId, this.#bot, 'join');
    return true;
  }

  async leave(roomId: RoomId): Promise<void> {
    this.left.push(roomId);
    if (this.rooms.has(roomId)) this.move(roomId, this.#bot, 'leave');
  }

  /** Somebody writes state. */
  write(
    roomId: RoomId,
    type: string,
    content: unknown,
    { stateKey = '', sender }: { stateKey?: string; sender: UserId },
  ): void {
    const room = this.#room(roomId);
    const entry: StateEntry = {
      type,
      stateKey,
      sender,
      content: content as StateEntry['content'],
      eventId: `$event-${++events}` as EventId,
    };
    this.rooms.set(roomId, { ...room, state: new Map([...room.state, [stateId(type, stateKey), entry]]) });
  }

  /** Somebody comes or goes; `by` is another who did that. */
  move(roomId: RoomId, user: UserId, membership: string, by?: UserId): void {
    const room = this.#room(roomId);
    const movedBy = new Map(room.movedBy);
    if (by === undefined) movedBy.delete(user);
    else movedBy.set(user, by);
    this.rooms.set(roomId, { ...room, movedBy, members: new Map([...room.members, [user, membership]]) });
  }

  /** The content of a state event as it is now. */
  content(roomId: RoomId, type: string, stateKey = ''): Readonly<Record<string, unknown>> | undefined {
    return this.rooms.get(roomId)?.state.get(stateId(type, stateKey))?.content;
  }

  membership(roomId: RoomId, user: UserId): string | undefined {
    return this.rooms.get(roomId)?.members.get(user);
  }

  #hasPower(roomId: RoomId, change: RoomChange): boolean {
    const room = this.#room(roomId);
    const power = powerOf(room, this.#bot);
    if (change.kind === 'set-state') return power >= powerToWrite(room, change.type);
    if (change.kind === 'remove') return power >= powerToAct(room, 'kick') && power > powerOf(room, change.userId);
    return change.kind !== 'invite' || power >= powerToAct(room, 'invite');
  }

  #inRoom(roomId: RoomId): RoomSnapshot {
    const room = this.rooms.get(roomId);
    if (room?.members.get(this.#bot) !== 'join') {
      throw new PermanentError("Could not read a room's state: the bot is not in the room.");
    }
    return room;
  }

  #room(roomId: RoomId): RoomSnapshot {
    const room = this.rooms.get(roomId);
    if (room === undefined) throw new PermanentError('There is no such room.');
    return room;
  }

  #requireServer(): void {
    if (this.isAway) throw new RetryableError('The homeserver is away.');
  }
}
