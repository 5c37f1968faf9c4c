import { forbidChanges, forbidRemoval, forbidReplacing } from './append-only.ts';
import type { Migration } from './migration.ts';

/** Roles, versions of the policy, governed rooms, emergency access, confirmations, and the audit log. What each holds, and how long, is in docs/retention.md. */
export const carePolicy: Migration = {
  version: 2,
  name: 'care-policy',
  async up(step) {
    const isSqlite = step.dialect === 'sqlite';
    const seq = isSqlite ? 'seq INTEGER PRIMARY KEY AUTOINCREMENT' : 'seq BIGSERIAL PRIMARY KEY';
    // Given by us, without gaps; in SQLite INTEGER is what makes it the table's own order.
    const number = (name: string) => `${name} ${isSqlite ? 'INTEGER' : 'BIGINT'} PRIMARY KEY`;
    for (const sql of [...policyTables(seq), ...auditTables(number), ...indexes()]) await step.run(sql);
    for (const table of ['policy_versions', 'audit_log', 'audit_checkpoints']) await forbidChanges(step, table);
    for (const table of ['role_assignments', 'governed_rooms', 'emergency_access']) await forbidRemoval(step, table);
    await forbidReplacing(step, 'audit_log', 'seq', 'EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)');
    await forbidReplacing(step, 'audit_checkpoints', 'number', 'FALSE');
  },
};

function policyTables(seq: string): string[] {
  return [
    `CREATE TABLE role_assignments (
      ${seq},
      user_id TEXT NOT NULL,
      role_id TEXT NOT NULL,
      source TEXT NOT NULL,
      since BIGINT NOT NULL,
      given_by TEXT NOT NULL,
      until BIGINT,
      taken_by TEXT)`,
    `CREATE TABLE policy_versions (
      ${seq},
      subject TEXT NOT NULL,
      version INTEGER NOT NULL,
      content TEXT NOT NULL,
      hash TEXT NOT NULL,
      since BIGINT NOT NULL,
      UNIQUE (subject, version))`,
    `CREATE TABLE governed_rooms (
      ${seq},
      room_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      phi_class TEXT NOT NULL,
      opaque_id TEXT NOT NULL,
      unit TEXT,
      conversation_id TEXT,
      line_id TEXT,
      ghost TEXT,
      name TEXT,
      origin TEXT NOT NULL,
      since BIGINT NOT NULL,
      until BIGINT,
      released_by TEXT)`,
    `CREATE TABLE emergency_access (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      room_id TEXT NOT NULL,
      user_id TEXT NOT NULL,
      reason TEXT NOT NULL,
      granted_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL,
      ended_at BIGINT,
      ended_by TEXT)`,
    `CREATE TABLE confirmations (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      room_id TEXT NOT NULL,
      command_event TEXT NOT NULL,
      prompt_event TEXT,
      requested_by TEXT NOT NULL,
      content TEXT,
      preview_hash TEXT NOT NULL,
      needs_second_person BOOLEAN NOT NULL,
      expires_at BIGINT NOT NULL,
      confirmed_by TEXT,
      confirmed_event TEXT,
      confirmed_at BIGINT,
      finished_at BIGINT,
      ended_as TEXT,
      ended_by TEXT)`,
  ];
}

function auditTables(number: (name: string) => string): string[] {
  return [
    `CREATE TABLE audit_log (
      ${number('seq')},
      id TEXT NOT NULL UNIQUE,
      at BIGINT NOT NULL,
      action TEXT NOT NULL,
      actor TEXT NOT NULL,
      outcome TEXT NOT NULL,
      target TEXT,
      room_id TEXT,
      source_event TEXT,
      cause TEXT,
      content TEXT,
      trace TEXT NOT NULL,
      prev_hash TEXT NOT NULL,
      hash TEXT NOT NULL)`,
    `CREATE TABLE audit_checkpoints (
      ${number('number')},
      seq BIGINT NOT NULL,
      head_hash TEXT NOT NULL,
      at BIGINT NOT NULL,
      key_id TEXT NOT NULL,
      signature TEXT NOT NULL)`,
  ];
}

function indexes(): string[] {
  return [
    // Each source gives a user a role once at a time.
    'CREATE UNIQUE INDEX role_assignments_current ON role_assignments (user_id, role_id, source) WHERE until IS NULL',
    'CREATE UNIQUE INDEX governed_rooms_current ON governed_rooms (room_id) WHERE until IS NULL',
    'CREATE INDEX emergency_access_open ON emergency_access (expires_at) WHERE ended_at IS NULL',
    'CREATE INDEX emergency_access_granted ON emergency_access (granted_at)',
    'CREATE INDEX confirmations_prompt ON confirmations (prompt_event) WHERE finished_at IS NULL',
    'CREATE INDEX confirmations_waiting ON confirmations (expires_at) WHERE finished_at IS NULL',
    'CREATE INDEX confirmations_finished ON confirmations (finished_at) WHERE finished_at IS NOT NULL',
    'CREATE INDEX confirmations_unwiped ON confirmations (finished_at) WHERE finished_at IS NOT NULL AND content IS NOT NULL',
    'CREATE INDEX audit_log_at ON audit_log (at)',
  ];
}
