import { PermanentError } from '../../../src/errors.ts';
import type { GovernedRoomPlan } from '../../../src/model/governed-room-plan.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { Rooms } from '../../../src/ports/rooms.ts';

type RoomPlan = Pick<GovernedRoomPlan, 'key' | 'name' | 'topic' | 'invite' | 'ghost'>;

/** A room as the fake homeserver knows it. */
export interface FakeRoom {
  readonly plan: RoomPlan;
  readonly invited: Set<UserId>;
  readonly joined: Set<UserId>;
  isEncrypted: boolean;
}

/** Rooms in memory. The bot is in every one of them, unless it was put out. */
export class FakeRooms implements Rooms {
  readonly rooms = new Map<RoomId, FakeRoom>();
  readonly left: RoomId[] = [];
  readonly ghosts = new Map<UserId, string>();
  /** `followUpgrade` fails with this while it is set. */
  upgradeFault: Error | undefined;
  /** Why the command room is not safe (A3). */
  commandRoomProblem: string | undefined;
  readonly aliases = new Map<string, RoomId>();
  /** Users who cannot be invited. */
  readonly refuses = new Set<UserId>();
  /** `invite` fails with this while it is set. */
  inviteFault: Error | undefined;
  readonly #bot: UserId;
  readonly #byKey = new Map<string, RoomId>();

  constructor(bot: UserId) {
    this.#bot = bot;
  }

  /** As `RoomControl.create`: the same key is the same room. */
  async create(plan: RoomPlan): Promise<RoomId> {
    const known = this.#byKey.get(plan.key);
    if (known) return known;
    const roomId = `!room-${this.#byKey.size + 1}` as RoomId;
    this.#byKey.set(plan.key, roomId);
    this.add(roomId, plan);
    return roomId;
  }

  /** A room made by somebody else. */
  add(roomId: RoomId, plan: Partial<RoomPlan> = {}, isEncrypted = true): void {
    const full = { key: roomId, name: '', topic: '', invite: [], ...plan };
    const joined = new Set([this.#bot, ...(full.ghost ? [full.ghost] : [])]);
    this.rooms.set(roomId, { plan: full, invited: new Set(full.invite), joined, isEncrypted });
  }

  join(roomId: RoomId, user: UserId): void {
    this.#room(roomId).joined.add(user);
  }

  async resolveAlias(alias: string): Promise<RoomId | undefined> {
    return this.aliases.get(alias);
  }

  async invite(roomId: RoomId, userId: UserId): Promise<void> {
    if (this.inviteFault) throw this.inviteFault;
    if (this.refuses.has(userId)) throw new PermanentError('cannot be invited');
    this.#room(roomId).invited.add(userId);
  }

  async joinedMembers(roomId: RoomId): Promise<ReadonlySet<UserId>> {
    const { joined } = this.#room(roomId);
    if (!joined.has(this.#bot)) throw new PermanentError('the bot is not in the room');
    return new Set(joined);
  }

  async isIn(roomId: RoomId, user: UserId): Promise<boolean> {
    return this.#room(roomId).joined.has(user);
  }

  async bringIn(roomId: RoomId, ghost: UserId): Promise<void> {
    this.join(roomId, ghost);
  }

  /** Somebody with the power to do so puts users out. */
  putOut(roomId: RoomId, ...users: readonly UserId[]): void {
    for (const user of users) this.#room(roomId).joined.delete(user);
  }

  async isEncrypted(roomId: RoomId): Promise<boolean> {
    return this.#room(roomId).isEncrypted;
  }

  async followUpgrade(roomId: RoomId, replacement: RoomId, ghost: UserId | undefined): Promise<RoomId> {
    if (this.upgradeFault) throw this.upgradeFault;
    this.add(replacement, { ...this.#room(roomId).plan, ...(ghost && { ghost }) });
    return replacement;
  }

  async leave(roomId: RoomId): Promise<void> {
    this.left.push(roomId);
  }

  async ensureGhost(ghost: UserId, displayName: string): Promise<void> {
    this.ghosts.set(ghost, displayName);
  }

  #room(roomId: RoomId): FakeRoom {
    const room = this.rooms.get(roomId);
    if (room === undefined) throw new Error(`no room ${roomId}`);
    return room;
  }
}
