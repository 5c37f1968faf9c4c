/** Break-glass over stores in memory and one room whose members can be seen. */
import { silentLogger as log } from '../../../src/log.ts';
import type { CarePolicy, ClassRules } from '../../../src/model/care-policy.ts';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { Permission } from '../../../src/model/permission.ts';
import type { Role, RoleId } from '../../../src/model/role.ts';
import type { ChangeOutcome, RoomChange } from '../../../src/model/room-change.ts';
import type { RoomSnapshot } from '../../../src/model/room-snapshot.ts';
import type { RoomControl } from '../../../src/ports/room-control.ts';
import { BreakGlass } from '../../../src/services/break-glass.ts';
import { EndBreakGlass } from '../../../src/services/end-break-glass.ts';
import { ExpireBreakGlass } from '../../../src/services/expire-break-glass.ts';
import { Notifier } from '../../../src/services/notifier.ts';
import { TellSecurity } from '../../../src/services/tell-security.ts';
import { memoryStorage, type MemoryStorage } from '../../support/fakes/memory-storage.ts';
import { NAMESPACE } from '../../support/fakes/test-bridge.ts';

/** A physician on call, whose role has no unit and the permission. */
export const ON_CALL = '@oncall:hospital.test' as UserId;
/** A nurse of the ward, who may be in its rooms. */
export const WARD_NURSE = '@ward:hospital.test' as UserId;
/** A role without the permission. */
export const VISITOR = '@visitor:hospital.test' as UserId;
/** Somebody on another server, whose role has it. */
export const ELSEWHERE = '@oncall:elsewhere.test' as UserId;
export const PRIVACY = '@privacy:hospital.test' as UserId;
export const ROOM = '!ward-room' as RoomId;
export const SECURITY = '!security' as RoomId;
export const REASON = 'patient collapsed in room four, attending unreachable';
export const HOUR_MS = 3_600_000;

const CLASS_RULES: ClassRules = {
  isEncryptionRequired: true,
  historyVisibility: 'joined',
  joining: 'invite',
  areGuestsAllowed: false,
  federation: 'own-server',
  invitePower: 50,
  allowedBots: new Set(),
  areVerifiedDevicesRequired: false,
  retentionClass: 'care',
  mayTextOut: true,
  marker: { where: 'none', text: '' },
};

/** One room's membership; changes can be made to fail. */
export class OneRoom implements Pick<RoomControl, 'snapshot' | 'refresh' | 'apply'> {
  readonly members = new Map<UserId, string>([[WARD_NURSE, 'join']]);
  readonly applied: RoomChange[] = [];
  /** What happens instead of the next changes. */
  faults: (Error | ChangeOutcome)[] = [];
  /** Removals do not take, as where somebody is let in again at once. */
  isLeaky = false;
  lookFault: Error | undefined;

  async snapshot(roomId: RoomId): Promise<RoomSnapshot> {
    if (this.lookFault) throw this.lookFault;
    const members = new Map(this.members);
    return { roomId, version: '12', creators: new Set([NAMESPACE.bot]), state: new Map(), members, faults: [] };
  }

  refresh(roomId: RoomId): Promise<RoomSnapshot> {
    return this.snapshot(roomId);
  }

  async apply(_roomId: RoomId, change: RoomChange): Promise<ChangeOutcome> {
    const fault = this.faults.shift();
    if (fault instanceof Error) throw fault;
    if (fault !== undefined) return fault;
    this.applied.push(change);
    if (change.kind === 'invite') this.members.set(change.userId, 'invite');
    if (change.kind === 'remove' && !this.isLeaky) this.members.set(change.userId, 'leave');
    return { outcome: 'applied' };
  }
}

/** What a test of break-glass works with. */
export interface BreakGlassFixture {
  readonly storage: MemoryStorage;
  readonly room: OneRoom;
  readonly grant: BreakGlass;
  readonly ending: EndBreakGlass;
  /** Like a restart: nothing of the earlier one is known to it. */
  newExpiry(): ExpireBreakGlass;
  readonly assigned: Map<UserId, readonly Role[]>;
  /** How often the policy and the timer were told of a change. */
  changes(): number;
  /** Every word the bot said, with its room. */
  said(): Promise<readonly { readonly roomId: RoomId; readonly text: string }[]>;
  readonly clock: { now: number };
}

/** A ward's room, a security room, and four people. */
export async function breakGlassFixture(
  options: { readonly hasSecurityRoom?: boolean; readonly unavailable?: readonly string[] } = {},
): Promise<BreakGlassFixture> {
  const storage = memoryStorage();
  const room = new OneRoom();
  const assigned = new Map<UserId, readonly Role[]>([
    [ON_CALL, [role('on-call', ['use-commands', 'break-glass'])]],
    [ELSEWHERE, [role('on-call', ['use-commands', 'break-glass'])]],
    [VISITOR, [role('visitor', ['use-commands'])]],
    [WARD_NURSE, [{ ...role('ward', ['break-glass']), units: 'all' as const, classes: new Set(['phi' as const]) }]],
    [PRIVACY, [role('privacy', ['end-break-glass'])]],
  ]);
  for (const one of [
    governed(ROOM, 'care-team'),
    ...(options.hasSecurityRoom === false ? [] : [governed(SECURITY, 'security')]),
  ]) {
    await storage.governedRooms.add(one);
  }
  await storage.governedRooms.add(governed('!command' as RoomId, 'command'));
  await storage.governedRooms.add(governed('!unit' as RoomId, 'unit'));
  await storage.settings.set('command-room', '!command');
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const now = () => clock.now;
  const policy = async (): Promise<CarePolicy> => ({
    namespace: NAMESPACE,
    roles: new Map(),
    units: new Map(),
    classes: { none: CLASS_RULES, phi: CLASS_RULES, sensitive: CLASS_RULES },
    assigned,
    teams: new Map(),
    gone: new Set(),
    absent: new Set(),
    emergencies: new Map(),
    unitSpaces: new Map(),
  });
  let changes = 0;
  const inEffect = { current: policy, invalidate: () => void (changes += 1) };
  const { notices, settings, transactions, governedRooms, audit, emergencyAccess } = storage;
  const notifier = new Notifier({ notices, settings, transactions, bot: NAMESPACE.bot, wake: () => undefined });
  const security = new TellSecurity({ governedRooms, notifier });
  const parts = { emergencyAccess, governedRooms, audit, security, transactions, log, now };
  const common = { ...parts, policy: inEffect, control: room };
  const ending = new EndBreakGlass(common);
  const limits = { defaultMs: HOUR_MS, maxMs: 4 * HOUR_MS };
  const unavailable = async () => options.unavailable ?? [];
  return {
    storage,
    room,
    ending,
    assigned,
    clock,
    grant: new BreakGlass({ ...common, ending, limits, unavailable, prefix: '!care' }),
    newExpiry: () => new ExpireBreakGlass({ emergencyAccess, ending, audit, security, log, now }),
    changes: () => changes,
    async said() {
      const all: { roomId: RoomId; text: string }[] = [];
      for (;;) {
        const rows = await notices.due(Number.MAX_SAFE_INTEGER, new Set(), 100);
        if (rows.length === 0) return all;
        for (const { id, roomId, notice } of rows) {
          if (notice.kind === 'message') all.push({ roomId, text: notice.text });
          await notices.complete(id);
        }
      }
    },
  };
}

/** What the command asks for. */
export function ask(changes: Partial<Parameters<BreakGlass['grant']>[0]> = {}): Parameters<BreakGlass['grant']>[0] {
  return {
    roomId: ROOM,
    user: ON_CALL,
    reason: REASON,
    forMs: undefined,
    cause: '$ask' as EventId,
    trace: 't',
    ...changes,
  };
}

function role(id: string, permissions: readonly Permission[]): Role {
  const base = { id: id as RoleId, name: id, power: 0, commands: 'all' as const, idleLogoffMs: undefined };
  return { ...base, permissions: new Set(permissions), classes: new Set(), units: new Set() };
}

function governed(roomId: RoomId, kind: GovernedRoom['kind']): GovernedRoom {
  const ids = { roomId, kind, opaqueId: `opaque-${kind}` };
  return {
    ...ids,
    phiClass: 'phi',
    unit: undefined,
    conversation: undefined,
    name: undefined,
    origin: 'made',
    since: 0,
  };
}
