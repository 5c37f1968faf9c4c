/** The services of account control over a real SQLite file, with accounts and rooms that are played. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { silentLogger as log } from '../../../src/log.ts';
import type { EventId, LineId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { Role, RoleId } from '../../../src/model/role.ts';
import type { Accounts } from '../../../src/ports/accounts.ts';
import type { RoomRequest } from '../../../src/services/act-on-account.ts';
import { FindAccount } from '../../../src/services/find-account.ts';
import { Lines } from '../../../src/services/lines.ts';
import { ListDevices } from '../../../src/services/list-devices.ts';
import { LockAccount } from '../../../src/services/lock-account.ts';
import { LostDevice } from '../../../src/services/lost-device.ts';
import { Notifier } from '../../../src/services/notifier.ts';
import { OffboardAccount } from '../../../src/services/offboard-account.ts';
import { ReactivateAccount } from '../../../src/services/reactivate-account.ts';
import { recordConfiguredRoles } from '../../../src/services/record-configured-roles.ts';
import { SuspendAccount } from '../../../src/services/suspend-account.ts';
import { TellOwner } from '../../../src/services/tell-owner.ts';
import { TellSecurity } from '../../../src/services/tell-security.ts';
import { UnlockAccount } from '../../../src/services/unlock-account.ts';
import { WatchSignIns } from '../../../src/services/watch-sign-ins.ts';
import { Whois } from '../../../src/services/whois.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { FakeAccounts } from '../../support/fakes/fake-accounts.ts';
import { FakeRoomControl } from '../../support/fakes/fake-room-control.ts';
import { lineTeamPolicy, role } from '../../support/line-team-policy.ts';
import { tempDir } from '../../support/temp-dir.ts';

export const NAMESPACE = { bot: '@carebot:hospital.test' as UserId, ghostPrefix: 'care_', domain: 'hospital.test' };
export const ADMIN = '@admin:hospital.test' as UserId;
export const SECOND = '@second:hospital.test' as UserId;
export const COMMAND_ROOM = '!command' as RoomId;
export const HOUR_MS = 3_600_000;

const key = new Uint8Array(32).fill(7);

/** Puts something around a port. */
export type Wrap = <T extends object>(name: string, target: T) => T;
let events = 0;

/** Opens the database, once for a file of tests: each test has users of its own. */
export async function openAccountStorage(): Promise<Storage> {
  const id = createHash('sha256').update(key).digest('hex').slice(0, 8);
  const storage = await openStorage({
    database: { dialect: 'sqlite', path: join(await tempDir('accounts', '/dev/shm'), 'accounts.sqlite') },
    secrets: { phiKeys: [{ id, key }] },
    retention: { wipeAfterMs: 0 },
  });
  await storage.settings.set('command-room', COMMAND_ROOM);
  return storage;
}

/** One hospital. */
export class AccountFixture {
  readonly accounts = new FakeAccounts();
  readonly roomControl = new FakeRoomControl(NAMESPACE.bot);
  readonly rotated: UserId[] = [];
  readonly unverified = new Map<UserId, string[]>();
  readonly extraRoles = new Map<UserId, Role[]>();
  readonly protectedUsers = new Set<UserId>();
  adminAccount: UserId | undefined;
  readonly inCommandRoom = new Set<UserId>();
  readonly storage: Storage;
  lines = new Lines([]);
  clock = Date.now();

  constructor(storage: Storage) {
    this.storage = storage;
    this.accounts.add(ADMIN);
    this.accounts.add(SECOND);
    this.roomControl.rooms.set(COMMAND_ROOM, {
      roomId: COMMAND_ROOM,
      version: '12',
      creators: new Set([NAMESPACE.bot]),
      state: new Map(),
      members: new Map([[NAMESPACE.bot, 'join']]),
      faults: [],
    });
  }

  /** Each user is in a team of one line, together with nobody. */
  withLines(...teams: readonly (readonly UserId[])[]): void {
    const lines = teams.map((team, index) => ({
      id: `line-${index}` as LineId,
      number: `+1212555010${index}` as PhoneNumber,
      carrier: 'plain',
      team,
    }));
    this.lines = new Lines(lines, [ADMIN]);
  }

  /** A governed room with these members. */
  async room(members: readonly UserId[]): Promise<RoomId> {
    const roomId = await this.roomControl.create({
      key: `k${++events}`,
      name: 'Room',
      topic: '',
      isSpace: false,
      federate: false,
      initialState: [],
      invite: [],
    });
    for (const user of members) this.roomControl.move(roomId, user, 'join');
    await this.storage.governedRooms.add({
      roomId,
      kind: 'care-team',
      phiClass: 'phi',
      opaqueId: `opaque-${events}`,
      unit: undefined,
      conversation: undefined,
      name: undefined,
      origin: 'made',
      since: 1,
    });
    return roomId;
  }

  /** What the services are made of; `wrap` may put something around each port. */
  parts(wrap: Wrap = (_name, target) => target) {
    const { storage } = this;
    const transactions = wrap('transactions', storage.transactions);
    const governedRooms = wrap('governedRooms', storage.governedRooms);
    const settings = wrap('settings', storage.settings);
    const notices = wrap('notices', storage.notices);
    const roles = wrap('roles', storage.roles);
    const configured = { roles, admins: [ADMIN, SECOND], lines: this.lines };
    const notifier = new Notifier({ notices, settings, transactions, bot: NAMESPACE.bot, wake: () => undefined });
    return {
      transactions,
      governedRooms,
      notifier,
      log,
      lines: this.lines,
      protectedUsers: this.protectedUsers,
      adminAccount: async () => this.adminAccount,
      accounts: wrap<Accounts>('accounts', this.accounts),
      accountStates: wrap('accountStates', storage.accountStates),
      accountProcedures: wrap('accountProcedures', storage.accountProcedures),
      watchedDevices: wrap('watchedDevices', storage.watchedDevices),
      roles,
      recordConfigured: () => recordConfiguredRoles(configured, this.clock),
      audit: wrap('audit', storage.audit),
      auditTrail: storage.auditTrail,
      roomControl: wrap('roomControl', this.roomControl),
      roomKeys: wrap('roomKeys', { rotate: async (user: UserId) => void this.rotated.push(user) }),
      emergencies: wrap('emergencies', { endAllOf: async () => [] }),
      deviceTrust: { unverified: async () => this.unverified },
      policy: { current: async () => this.#policy(), invalidate: () => undefined },
      security: new TellSecurity({ governedRooms, notifier }),
      now: () => this.clock,
    };
  }

  lostDevice(parts = this.parts(), evidenceWithinMs?: number): LostDevice {
    return new LostDevice({
      ...parts,
      ...(evidenceWithinMs !== undefined && { evidenceWithinMs }),
      tellOwner: new TellOwner({ ...parts, rooms: { joinedMembers: async () => this.inCommandRoom } }),
    });
  }

  services() {
    const parts = this.parts();
    return {
      lostDevice: this.lostDevice(parts),
      lockAccount: new LockAccount(parts),
      unlockAccount: new UnlockAccount(parts),
      suspendAccount: new SuspendAccount(parts),
      reactivateAccount: new ReactivateAccount(parts),
      listDevices: new ListDevices(parts, '!care'),
      whois: new Whois(parts),
      findAccount: new FindAccount({ ...parts, namespace: NAMESPACE, senderOf: async () => undefined }),
    };
  }

  /** Whatever is waited for: the clock goes on at once, and `passed` is told. */
  offboard(wrap?: Wrap, passed: () => void = () => undefined): OffboardAccount {
    const pause = async (ms: number) => {
      this.clock += ms;
      passed();
    };
    return new OffboardAccount({ ...this.parts(wrap), pause });
  }

  watch(limits = {}): WatchSignIns {
    const all = { unusedMs: 30 * 24 * HOUR_MS, verifyWithinMs: HOUR_MS, ...limits };
    return new WatchSignIns({ ...this.parts(), prefix: '!care', limits: all, everyMs: 60_000 });
  }

  request(target: UserId, changes: Partial<RoomRequest> = {}): RoomRequest {
    return { actor: ADMIN, target, eventId: `$event-${++events}` as EventId, trace: 'trace', ...changes };
  }

  /** What the bot said, in any room, oldest first; each once. */
  async said(): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const rows = await this.storage.notices.due(Number.MAX_SAFE_INTEGER, new Set(), 100);
      if (rows.length === 0) return all;
      for (const { id, notice } of rows) {
        if (notice.kind === 'message') all.push(notice.text);
        await this.storage.notices.complete(id);
      }
    }
  }

  async #policy() {
    const nurse = { ...role('nurse', ['use-commands']), id: 'nurse' as RoleId };
    const given = Object.fromEntries(
      [...this.extraRoles].map(([user, roles]) => [user, roles.length > 0 ? roles : [nurse]]),
    );
    return lineTeamPolicy(NAMESPACE, [ADMIN, SECOND], this.lines.assigned, given);
  }
}
