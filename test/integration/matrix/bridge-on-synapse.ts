/** The Matrix side of the bridge on a real, throw-away Synapse. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../src/log.ts';
import { Appservice } from '../../../src/matrix/appservice.ts';
import { isInteresting } from '../../../src/matrix/interest.ts';
import { RoomMembers } from '../../../src/matrix/membership.ts';
import type { PingTarget } from '../../../src/matrix/ping.ts';
import { makeRegistration, writeRegistration, type Registration } from '../../../src/matrix/registration.ts';
import { MatrixRoomControl } from '../../../src/matrix/room-control.ts';
import { MatrixRooms } from '../../../src/matrix/rooms.ts';
import { TransactionIntake } from '../../../src/matrix/transaction-intake.ts';
import type { GovernedRoomPlan } from '../../../src/model/governed-room-plan.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { Namespace } from '../../../src/model/namespace.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import { findSynapsePython } from '../../../src/cli/demo/synapse.ts';
import { freePort } from '../../support/free-port.ts';
import { startSynapse, type Synapse } from '../../support/synapse.ts';
import { MemoryEventStore } from './memory-event-store.ts';

const DOMAIN = 'hospital.test';

/** The user ids that are ours there. */
export const NAMESPACE: Namespace = {
  bot: `@carebridge:${DOMAIN}` as UserId,
  ghostPrefix: 'carebridge_',
  domain: DOMAIN,
};

/** Why tests with Synapse cannot run here, or undefined where they can. */
export function whyNoSynapse(): string | undefined {
  try {
    findSynapsePython();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

type RoomToCreate = Pick<GovernedRoomPlan, 'key' | 'name' | 'topic' | 'invite' | 'ghost'>;

/** One bridge process: may be closed and opened again on the same homeserver. */
export interface OpenBridge {
  readonly appservice: Appservice;
  readonly intake: TransactionIntake;
  readonly members: RoomMembers;
  readonly rooms: MatrixRooms;
  /** A room of the bot's, safe as rooms are of which a plan says nothing more. */
  create(plan: RoomToCreate): Promise<RoomId>;
  readonly store: MemoryEventStore;
  /** The next event that fits, also one that came already. */
  seen(what: string, fits: (event: MatrixEvent) => boolean): Promise<MatrixEvent>;
}

/** A homeserver with our registration. */
export class BridgeOnSynapse {
  readonly synapse: Synapse;
  readonly registration: Registration;
  readonly bridgePort: number;
  readonly #folder: string;

  private constructor(synapse: Synapse, registration: Registration, bridgePort: number, folder: string) {
    this.synapse = synapse;
    this.registration = registration;
    this.bridgePort = bridgePort;
    this.#folder = folder;
  }

  static async start(): Promise<BridgeOnSynapse> {
    const folder = await mkdtemp(join(tmpdir(), 'carebridge-test-'));
    const bridgePort = await freePort();
    const { bot, ghostPrefix, domain } = NAMESPACE;
    const registration = makeRegistration({
      domain,
      url: `http://127.0.0.1:${bridgePort}`,
      bot: bot.slice(1, bot.indexOf(':')),
      ghostPrefix,
    });
    const file = join(folder, 'registration.yaml');
    writeRegistration(file, registration);
    return new BridgeOnSynapse(await startSynapse({ registrations: [file], domain }), registration, bridgePort, folder);
  }

  async stop(): Promise<void> {
    await this.synapse.stop();
    await rm(this.#folder, { recursive: true });
  }

  pingTarget(intake?: TransactionIntake): PingTarget {
    return {
      homeserverUrl: this.synapse.url,
      appserviceId: this.registration.id,
      asToken: this.registration.asToken,
      appserviceUrl: `http://127.0.0.1:${this.bridgePort}`,
      ...(intake && { hasSeenPing: (id: string) => intake.hasSeenPing(id) }),
    };
  }

  /** Sets the bridge up; listens where `isListening`. */
  async open({
    isListening = true,
    roomVersion,
    observe,
  }: {
    isListening?: boolean;
    roomVersion?: string;
    /** Told of events before those who wait for them. */
    observe?: (events: readonly MatrixEvent[]) => void;
  } = {}): Promise<OpenBridge> {
    const store = new MemoryEventStore();
    const observed: MatrixEvent[] = [];
    const waiting = new Set<() => void>();
    const intake: TransactionIntake = new TransactionIntake({
      hsToken: this.registration.hsToken,
      store,
      isInteresting: (event) => isInteresting(NAMESPACE, event),
      observe: (events) => {
        observed.push(...events);
        members.observe(events);
        observe?.(events);
        for (const check of waiting) check();
      },
      onCommitted: () => undefined,
      log: silentLogger,
    });
    const appservice = await Appservice.create({
      homeserverUrl: this.synapse.url,
      domain: NAMESPACE.domain,
      listen: { host: '127.0.0.1', port: this.bridgePort },
      registration: this.registration,
      onRequest: intake.handle,
      version: '0.0.0',
      giveUp: new AbortController().signal,
      log: silentLogger,
    });
    const { homeserver, membershipCache: cache } = appservice;
    const members = new RoomMembers({ homeserver, namespace: NAMESPACE, cache });
    const rooms = new MatrixRooms({ homeserver, members, namespace: NAMESPACE, log: silentLogger });
    const control = new MatrixRoomControl({
      homeserver,
      namespace: NAMESPACE,
      roomVersion,
      isGoverned: () => false,
      log: silentLogger,
      http: { bytes: () => Promise.reject(new Error('not used')) },
    });
    const create = async (plan: RoomToCreate) => {
      const roomId = await control.create({ isSpace: false, federate: true, initialState: [], ...plan });
      members.forget(roomId);
      return roomId;
    };
    await homeserver.ensureRegistered(NAMESPACE.bot);
    if (isListening) await appservice.listen();
    const seen = (what: string, fits: (event: MatrixEvent) => boolean) =>
      new Promise<MatrixEvent>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}.`)), 20_000);
        const check = () => {
          const event = observed.find(fits);
          if (event === undefined) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(event);
        };
        waiting.add(check);
        check();
      });
    return { appservice, intake, members, rooms, create, store, seen };
  }

  /** Logs a member of staff in. */
  async staff(name: string): Promise<Staff> {
    const { userId, password } = await this.synapse.registerUser(name);
    const answer = await fetch(`${this.synapse.url}/_matrix/client/v3/login`, {
      method: 'POST',
      body: JSON.stringify({ type: 'm.login.password', identifier: { type: 'm.id.user', user: userId }, password }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    return new Staff(this.synapse.url, userId as UserId, token);
  }
}

/** A member of staff with the barest of clients. */
export class Staff {
  readonly userId: UserId;
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, userId: UserId, token: string) {
    this.#url = url;
    this.userId = userId;
    this.#token = token;
  }

  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.#url}/_matrix/client/v3${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const result = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(result)}`);
    return result;
  }

  join(roomId: RoomId): Promise<unknown> {
    return this.call('POST', `/join/${encodeURIComponent(roomId)}`, {});
  }

  async say(roomId: RoomId, txnId: string): Promise<void> {
    await this.call('PUT', `/rooms/${encodeURIComponent(roomId)}/send/m.room.encrypted/${txnId}`, { algorithm: 'x' });
  }

  async upgrade(roomId: RoomId, version: string): Promise<RoomId> {
    const path = `/rooms/${encodeURIComponent(roomId)}/upgrade`;
    return (await this.call('POST', path, { new_version: version }))['replacement_room'] as RoomId;
  }
}
