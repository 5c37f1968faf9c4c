/** Governing over stores in memory and a homeserver in memory. */
import { silentLogger as log } from '../../src/log.ts';
import type { CarePolicy } from '../../src/model/care-policy.ts';
import type { GovernedRoom } from '../../src/model/governed-room.ts';
import type { RoomId, UserId } from '../../src/model/ids.ts';
import { GovernRooms, type GovernRoomsParts } from '../../src/services/govern-rooms.ts';
import { MakeGovernedRoom, type RoomToMake } from '../../src/services/make-governed-room.ts';
import { BOT, careRoom, hospitalPolicy } from './care-room.ts';
import { FakeRoomControl } from './fakes/fake-room-control.ts';
import { memoryStorage, type MemoryStorage } from './fakes/memory-storage.ts';

/** What a test of governing works with. */
export class GovernanceFixture implements AsyncDisposable {
  readonly storage: MemoryStorage;
  readonly control: FakeRoomControl;
  readonly make: MakeGovernedRoom;
  /** What was said in rooms. */
  readonly said: { readonly roomId: RoomId; readonly text: string }[] = [];
  /** What security was told. */
  readonly told: string[] = [];
  policy: CarePolicy;
  now = 1_000_000_000_000;
  govern: GovernRooms;
  readonly #more: Partial<GovernRoomsParts>;
  readonly #listeners = new Set<() => void>();

  constructor(
    more: Partial<GovernRoomsParts> & { readonly storage?: MemoryStorage; readonly control?: FakeRoomControl } = {},
  ) {
    const { storage = memoryStorage(), control = new FakeRoomControl(BOT), ...rest } = more;
    this.storage = storage;
    this.control = control;
    this.#more = rest;
    this.policy = hospitalPolicy({ unitSpaces: new Map(), unitRooms: new Map() });
    this.make = new MakeGovernedRoom({ ...storage, policy: this.view, control });
    this.govern = this.#newGovern();
    this.govern.start();
  }

  /** As `CarePolicyView`, with what tests put there, and the units' spaces as the store has them. */
  get view() {
    return {
      current: async (): Promise<CarePolicy> => {
        const rooms = await this.storage.governedRooms.all();
        const unitRooms = Map.groupBy(
          rooms.filter(({ kind, unit }) => kind === 'care-team' && unit !== undefined),
          ({ unit }) => unit!,
        );
        return {
          ...this.policy,
          unitSpaces: new Map(
            rooms.flatMap(({ kind, unit, roomId }) => (kind === 'unit' && unit ? [[unit, roomId]] : [])),
          ),
          unitRooms: new Map([...unitRooms].map(([unit, those]) => [unit, new Set(those.map(({ roomId }) => roomId))])),
        };
      },
      invalidate: () => {
        for (const listener of this.#listeners) listener();
        this.govern.policyChanged();
      },
    };
  }

  /** A new process over the same world. */
  async restart(): Promise<void> {
    await this.govern[Symbol.asyncDispose]();
    this.govern = this.#newGovern();
    this.govern.start();
    await this.govern.settled();
  }

  /** A governed room, made as the policy wants it, with everybody who is asked in. */
  async room(more: Partial<RoomToMake> = {}): Promise<RoomId> {
    const { kind, phiClass, unit, conversation, name } = careRoom({ kind: more.kind ?? 'conversation' });
    const wanted = { kind, phiClass, unit, conversation, name, key: `key${this.control.created.length}`, ...more };
    const roomId = await this.make.make(wanted);
    for (const [user, membership] of this.control.rooms.get(roomId)?.members ?? [])
      if (membership === 'invite') this.control.move(roomId, user, 'join');
    await this.look(roomId);
    return roomId;
  }

  /** A room of people's, governed from now on. */
  async adopted(roomId: RoomId, more: Partial<GovernedRoom> = {}): Promise<void> {
    const room = { kind: 'care-team', phiClass: 'phi', opaqueId: 'adopted', unit: undefined, name: undefined } as const;
    await this.storage.governedRooms.add({
      ...room,
      conversation: undefined,
      origin: 'adopted',
      since: this.now,
      roomId,
      ...more,
    });
    await this.look(roomId);
  }

  /** The room changed: waits until that is dealt with. */
  async look(...rooms: RoomId[]): Promise<void> {
    this.govern.roomsChanged(rooms);
    await this.govern.settled();
  }

  /** Somebody writes state, and it is dealt with. */
  async write(roomId: RoomId, type: string, content: unknown, by: UserId, stateKey = ''): Promise<void> {
    this.control.write(roomId, type, content, { stateKey, sender: by });
    await this.look(roomId);
  }

  /** Everything that is collected for people is said now. */
  async speak(): Promise<void> {
    await this.govern.speakNow();
  }

  /** The repairs as the audit log has them, without their beginnings. */
  repairs() {
    return this.storage.audited().filter(({ action }) => action === 'room.repair');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.govern[Symbol.asyncDispose]();
  }

  #newGovern(): GovernRooms {
    return new GovernRooms({
      ...this.storage,
      policy: this.view,
      control: this.control,
      isDryRun: false,
      log,
      sweepIntervalMs: 3_600_000,
      war: { repairs: 3, windowMs: 60_000, pauseMs: 600_000 },
      speech: { delayMs: 3_600_000, gapMs: 0 },
      notifier: { say: async (roomId, text) => void this.said.push({ roomId, text }) },
      security: { tell: async (text) => void this.told.push(text) },
      now: () => this.now,
      ...this.#more,
    });
  }
}
