import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import type { ConsentRecord } from '../../../src/model/consent.ts';
import type { EventId, RoomId } from '../../../src/model/ids.ts';
import {
  COMMAND_ROOM,
  NAMESPACE,
  newWorld,
  TestBridge,
  type BridgeOptions,
  type World,
} from '../../support/fakes/test-bridge.ts';
import { openTestStores, type TestStores } from './test-stores.ts';

/** Whom the tests are about. */
export const PATIENT = '+12125550110';

/** All services over a new database file, with the clock in hand. */
export class ServicesFixture implements AsyncDisposable {
  readonly world: World;
  readonly clock: SinonFakeTimers;
  readonly #stores: TestStores;
  bridge: TestBridge;

  constructor(world: World, stores: TestStores, options: BridgeOptions) {
    this.world = world;
    this.#stores = stores;
    this.bridge = new TestBridge(world, options);
    // The clock alone: timers of the database driver must go on.
    this.clock = useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  }

  static async create(options: BridgeOptions = {}): Promise<ServicesFixture> {
    const stores = await openTestStores();
    return new ServicesFixture(await newWorld(stores.stores), stores, options);
  }

  /** A new process over the same world. */
  async restart(options: BridgeOptions = {}): Promise<number> {
    this.bridge = new TestBridge(this.world, options);
    return this.bridge.start();
  }

  /** A patient texts, and all that comes of it is done. */
  async patientSays(text: string, more: { id?: string; line?: number } = {}): Promise<void> {
    await this.bridge.patientTexts(PATIENT, text, more);
    await this.bridge.pump();
  }

  /** What the patient's phone got, by the first line's carrier. */
  received(): string[] {
    return this.world.plain.textsTo(PATIENT);
  }

  /** The patient's consents, oldest first. */
  async consents(): Promise<ConsentRecord[]> {
    const { address } = await this.bridge.find(PATIENT);
    return this.world.stores.consents.history(address.id);
  }

  /** A member of staff writes, and all that comes of it is done. */
  async writes(...args: Parameters<TestBridge['writes']>): Promise<EventId> {
    const eventId = await this.bridge.writes(...args);
    await this.bridge.pump();
    return eventId;
  }

  /** The sweep that wipes what is over. */
  wipeFinished(): Promise<void> {
    return this.#stores.wipeFinished();
  }

  /** Lets time pass, then runs what has fallen due. */
  async after(ms: number): Promise<void> {
    this.clock.tick(ms);
    await this.bridge.pump();
  }

  /** What the bot said in a room, without the card. */
  botSaid(roomId: RoomId): string[] {
    return this.world.sender.said(roomId, NAMESPACE.bot).filter((words) => !words.includes('\nConsent to texts: '));
  }

  /** What the bot said in the command room. */
  get adminsHeard(): string[] {
    return this.world.sender.said(COMMAND_ROOM, NAMESPACE.bot);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clock.restore();
    await this.#stores[Symbol.asyncDispose]();
  }
}
