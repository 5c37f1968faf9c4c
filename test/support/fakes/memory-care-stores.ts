/** The stores of the care policy in memory, with the rules of the tables. */
import { createHash } from 'node:crypto';
import type { AuditEntry } from '../../../src/model/audit-entry.ts';
import type { EmergencyAccess, GovernedRoom } from '../../../src/model/governed-room.ts';
import type { RoleAssignment } from '../../../src/model/role.ts';
import type { AuditLog } from '../../../src/ports/audit-log.ts';
import type { ConfirmationEnd, ConfirmationStore, PendingConfirmation } from '../../../src/ports/confirmation-store.ts';
import type { EmergencyAccessStore } from '../../../src/ports/emergency-access-store.ts';
import type { GovernedRoomStore } from '../../../src/ports/governed-room-store.ts';
import type { PolicyVersion, PolicyVersionStore } from '../../../src/ports/policy-version-store.ts';
import type { RoleStore } from '../../../src/ports/role-store.ts';

/** What services keep of the care policy. */
export interface CareStores {
  readonly roles: RoleStore;
  readonly policyVersions: PolicyVersionStore;
  readonly governedRooms: GovernedRoomStore;
  readonly emergencyAccess: EmergencyAccessStore;
  readonly confirmations: ConfirmationStore;
  readonly audit: AuditLog;
}

/** An entry as it was appended. */
export type Audited = AuditEntry & { readonly id: string };

/** The rows. */
export interface CareTables {
  roles: RoleAssignment[];
  policyVersions: PolicyVersion[];
  governedRooms: (GovernedRoom & { until?: number })[];
  emergencyAccess: EmergencyAccess[];
  confirmations: (PendingConfirmation & { end?: { end: ConfirmationEnd; by: string; at: number } })[];
  audit: Audited[];
}

/** Empty tables. */
export function careTables(): CareTables {
  return { roles: [], policyVersions: [], governedRooms: [], emergencyAccess: [], confirmations: [], audit: [] };
}

/** The stores over the tables of the moment: a rollback puts others in their place. */
export function careStores(tables: () => CareTables): CareStores {
  return {
    roles: roleStore(tables),
    policyVersions: policyVersionStore(tables),
    governedRooms: governedRoomStore(tables),
    emergencyAccess: emergencyAccessStore(tables),
    confirmations: confirmationStore(tables),
    audit: {
      async append(entry) {
        const { audit } = tables();
        if (!audit.some(({ id }) => id === entry.id)) audit.push(structuredClone(entry));
      },
    },
  };
}

function roleStore(tables: () => CareTables): RoleStore {
  const isOpen = (key: Pick<RoleAssignment, 'userId' | 'roleId' | 'source'>) => (row: RoleAssignment) =>
    row.until === undefined && row.userId === key.userId && row.roleId === key.roleId && row.source === key.source;
  return {
    current: async () => tables().roles.filter(({ until }) => until === undefined),
    reread: async () => false,
    asOf: async (at) => tables().roles.filter(({ since, until }) => since <= at && (until === undefined || until > at)),
    history: async (userId) => tables().roles.filter((row) => row.userId === userId),
    async give({ at, ...given }) {
      if (tables().roles.some(isOpen(given))) return false;
      tables().roles.push({ ...given, since: at, until: undefined });
      return true;
    },
    async take({ at, ...taken }) {
      const index = tables().roles.findIndex(isOpen(taken));
      const row = tables().roles[index];
      if (row === undefined) return false;
      tables().roles[index] = { ...row, until: Math.max(at, row.since) };
      return true;
    },
  };
}

function policyVersionStore(tables: () => CareTables): PolicyVersionStore {
  const history = (subject: string) => tables().policyVersions.filter((row) => row.subject === subject);
  return {
    async keep(subject, content, now) {
      const newest = history(subject).at(-1);
      if (newest?.content === content) return newest;
      const since = Math.max(now, newest?.since ?? now);
      const rows = tables().policyVersions;
      if (newest) rows[rows.indexOf(newest)] = { ...newest, until: since };
      const hash = createHash('sha256').update(content).digest('hex');
      const version = { subject, version: (newest?.version ?? 0) + 1, content, hash, since, until: undefined };
      rows.push(version);
      return version;
    },
    inEffect: async (subject, at) => history(subject).findLast(({ since }) => since <= at),
    history: async (subject) => history(subject),
  };
}

function governedRoomStore(tables: () => CareTables): GovernedRoomStore {
  const current = () => tables().governedRooms.filter(({ until }) => until === undefined);
  const find = (roomId: string) => current().find((row) => row.roomId === roomId);
  const change = (roomId: string, changes: Partial<CareTables['governedRooms'][number]>) => {
    const row = find(roomId);
    const rows = tables().governedRooms;
    if (row) rows[rows.indexOf(row)] = { ...row, ...changes };
  };
  return {
    find: async (roomId) => find(roomId),
    all: async () => current(),
    ofKind: async (kind) => current().filter((row) => row.kind === kind),
    unitSpace: async (unit) => current().find((row) => row.kind === 'unit' && row.unit === unit),
    async add(room) {
      if (find(room.roomId)) return false;
      tables().governedRooms.push({ ...room });
      return true;
    },
    setClass: async (roomId, phiClass) => change(roomId, { phiClass }),
    async replace(roomId, replacement) {
      if (roomId === replacement || !find(roomId)) return;
      change(replacement, { until: Date.now() });
      change(roomId, { roomId: replacement });
    },
    release: async (roomId, _by, at) => change(roomId, { until: at }),
  };
}

function emergencyAccessStore(tables: () => CareTables): EmergencyAccessStore {
  const open = () => tables().emergencyAccess.filter(({ endedAt }) => endedAt === undefined);
  return {
    async grant(access) {
      if (tables().emergencyAccess.some(({ id }) => id === access.id)) return false;
      tables().emergencyAccess.push(access);
      return true;
    },
    open: async () => open(),
    find: async (roomId, userId) => open().find((access) => access.roomId === roomId && access.userId === userId),
    async end(id, endedBy, endedAt) {
      const row = open().find((access) => access.id === id);
      const rows = tables().emergencyAccess;
      if (row) rows[rows.indexOf(row)] = { ...row, endedBy, endedAt };
      return row !== undefined;
    },
    between: async (from, to) =>
      tables()
        .emergencyAccess.filter(({ grantedAt }) => grantedAt >= from && grantedAt < to)
        .sort((a, b) => a.grantedAt - b.grantedAt),
  };
}

function confirmationStore(tables: () => CareTables): ConfirmationStore {
  const waiting = () => tables().confirmations.filter(({ end }) => end === undefined);
  const change = (id: string, changes: Partial<CareTables['confirmations'][number]>) => {
    const row = waiting().find((one) => one.id === id);
    const rows = tables().confirmations;
    if (row) rows[rows.indexOf(row)] = { ...row, ...changes };
    return row !== undefined;
  };
  return {
    async add(confirmation) {
      if (tables().confirmations.some(({ id }) => id === confirmation.id)) return false;
      tables().confirmations.push({ ...confirmation });
      return true;
    },
    setPrompt: async (id, promptEvent) => void change(id, { promptEvent }),
    findByPrompt: async (promptEvent) => waiting().find((row) => row.promptEvent === promptEvent),
    findByCommand: async (event) => waiting().filter((row) => row.commandEvent === event),
    find: async (id) => waiting().find((row) => row.id === id),
    isPrompting: async (roomId) => waiting().some((row) => row.roomId === roomId && row.promptEvent === undefined),
    confirm: async (id, confirmed) =>
      waiting().some((row) => row.id === id && row.confirmed === undefined) && change(id, { confirmed }),
    end: async (id, end, by, at) => change(id, { end: { end, by, at } }),
    drop: async (id, end, by, at) =>
      waiting().some((row) => row.id === id && row.confirmed === undefined) && change(id, { end: { end, by, at } }),
    expired: async (now) => waiting().filter((row) => row.expiresAt <= now && row.confirmed === undefined),
  };
}
