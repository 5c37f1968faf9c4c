import type { Logger } from '../log.ts';
import { PermanentError } from '../errors.ts';
import type { GovernedRoomPlan } from '../model/governed-room-plan.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { ChangeOutcome, RoomChange } from '../model/room-change.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import type { MatrixEvent } from '../model/rows.ts';
import type { RoomControl } from '../ports/room-control.ts';
import { ApplyChange } from './apply-change.ts';
import { clientPath, type HomeserverCalls } from './homeserver.ts';
import { statusOf } from './matrix-fault.ts';
import type { MatrixHttp } from './matrix-http.ts';
import { RoomEntry } from './room-entry.ts';
import { RoomMaker } from './room-maker.ts';
import { governedRoomBody, governedState } from './room-plan.ts';
import type { RoomRecord } from './room-record.ts';
import { RoomState } from './room-state.ts';
import { MAX_STATE_BYTES, readState } from './state-body.ts';
import { StateSnapshots } from './state-snapshots.ts';

/** What controlling rooms needs. */
export interface MatrixRoomControlParts {
  readonly homeserver: HomeserverCalls;
  /** For what may be large: its answers are bounded while they come. */
  readonly http: Pick<MatrixHttp, 'bytes'>;
  readonly namespace: Namespace;
  /** Room version for new rooms; undefined is the homeserver's default. */
  readonly roomVersion: string | undefined;
  /** From memory: asked for every event. */
  readonly isGoverned: (roomId: RoomId) => boolean;
  readonly log: Logger;
  readonly now?: () => number;
}

/** The state of a room with 10,000 members takes Synapse seconds. ms. */
const STATE_TIMEOUT_MS = 120_000;

/** Governed rooms on a Matrix homeserver, looked at and changed by the bot. */
export class MatrixRoomControl implements RoomControl {
  readonly #parts: MatrixRoomControlParts;
  readonly #entry: RoomEntry;
  readonly #state: RoomState;
  readonly #maker: RoomMaker;
  readonly #snapshots: StateSnapshots;
  readonly #changes: ApplyChange;

  constructor(parts: MatrixRoomControlParts) {
    const { homeserver, namespace } = parts;
    this.#parts = parts;
    this.#entry = new RoomEntry(homeserver, namespace.bot);
    this.#state = new RoomState(homeserver, namespace.bot);
    this.#maker = new RoomMaker(parts);
    this.#snapshots = new StateSnapshots({ ...parts, bot: namespace.bot, fetch: (roomId) => this.#fetch(roomId) });
    this.#changes = new ApplyChange({
      homeserver,
      entry: this.#entry,
      state: this.#state,
      snapshots: this.#snapshots,
      bot: namespace.bot,
      isOurs: (user) => isOurs(namespace, user),
    });
  }

  async create(plan: GovernedRoomPlan): Promise<RoomId> {
    const { namespace, log } = this.#parts;
    const { bot } = namespace;
    const { roomId, isNew } = await this.#maker.make(plan.key, (alias, version) =>
      governedRoomBody(plan, alias, bot, version),
    );
    if (!isNew) await this.#complete(roomId, plan);
    const memberships = isNew ? new Map<UserId, string>() : await this.#entry.memberships(roomId);
    if (plan.ghost !== undefined) await this.#letGhostIn(roomId, plan.ghost, memberships.get(plan.ghost));
    for (const userId of plan.invite) {
      if (!memberships.has(userId)) await this.#entry.tryInvite(roomId, userId, log);
    }
    this.#snapshots.forget(roomId);
    return roomId;
  }

  newRoomVersion(): Promise<string> {
    return this.#maker.version();
  }

  snapshot(roomId: RoomId): Promise<RoomSnapshot> {
    return this.#snapshots.snapshot(roomId);
  }

  refresh(roomId: RoomId): Promise<RoomSnapshot> {
    return this.#snapshots.refresh(roomId);
  }

  observe(events: readonly MatrixEvent[]): ReadonlySet<RoomId> {
    return this.#snapshots.observe(events);
  }

  forget(roomId: RoomId): void {
    this.#snapshots.forget(roomId);
  }

  apply(roomId: RoomId, change: RoomChange): Promise<ChangeOutcome> {
    return this.#changes.apply(roomId, change);
  }

  async join(roomId: RoomId): Promise<boolean> {
    try {
      await this.#entry.join(roomId, this.#parts.namespace.bot);
    } catch (error) {
      // 404: there is no such room, or no server that would let us in.
      if (statusOf(error) === 403 || (error instanceof PermanentError && statusOf(error) === 404)) return false;
      throw error;
    }
    this.#snapshots.forget(roomId);
    return true;
  }

  async leave(roomId: RoomId): Promise<void> {
    await this.#entry.leave(roomId);
    this.#snapshots.forget(roomId);
  }

  async #letGhostIn(roomId: RoomId, ghost: UserId, membership: string | undefined): Promise<void> {
    if (membership === 'join') return;
    if (membership !== 'invite') await this.#entry.invite(roomId, ghost);
    await this.#entry.join(roomId, ghost);
  }

  async #fetch(roomId: RoomId): Promise<RoomRecord> {
    const { http, namespace } = this.#parts;
    const { bytes } = await http.bytes(
      "read a room's state",
      {
        method: 'GET',
        path: clientPath`/_matrix/client/v3/rooms/${roomId}/state`,
        as: namespace.bot,
        timeoutMs: STATE_TIMEOUT_MS,
      },
      MAX_STATE_BYTES,
    );
    return readState(roomId, namespace.bot, bytes);
  }

  /** Puts right what an interrupted creation may have left out, before anybody is let in. */
  async #complete(roomId: RoomId, plan: GovernedRoomPlan): Promise<void> {
    this.#parts.log.info('room.completing', { roomId });
    const create = await this.#state.get(roomId, 'm.room.create');
    const { room_version: version = '1' } = (create ?? {}) as { room_version?: string };
    const state = governedState(plan, this.#parts.namespace.bot, version);
    for (const [type, stateKey, content] of state) {
      // Power may have been given to people since; it is written first, so that an interruption does not leave it out.
      const isThere = type === 'm.room.power_levels' && (await this.#state.get(roomId, type)) !== undefined;
      if (!isThere) await this.#state.ensure(roomId, type, content, stateKey);
    }
    await this.#state.ensure(roomId, 'm.room.name', { name: plan.name });
    if (plan.topic !== '') await this.#state.ensure(roomId, 'm.room.topic', { topic: plan.topic });
  }
}
