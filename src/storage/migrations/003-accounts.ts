import { forbidRemoval } from './append-only.ts';
import type { Migration } from './migration.ts';

/** What was done to accounts, step by step, how they were before, and what the sign-in watch has seen. */
export const accounts: Migration = {
  version: 3,
  name: 'accounts',
  async up(step) {
    const seq = step.dialect === 'sqlite' ? 'seq INTEGER PRIMARY KEY AUTOINCREMENT' : 'seq BIGSERIAL PRIMARY KEY';
    for (const sql of [
      `CREATE TABLE account_procedures (
        ${seq},
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        user_id TEXT NOT NULL,
        successor TEXT,
        asked_by TEXT NOT NULL,
        room_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        trace TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        finished_at BIGINT)`,
      `CREATE TABLE account_procedure_steps (
        ${seq},
        procedure_id TEXT NOT NULL REFERENCES account_procedures (id),
        step TEXT NOT NULL,
        outcome TEXT NOT NULL,
        words TEXT NOT NULL,
        at BIGINT NOT NULL,
        UNIQUE (procedure_id, step))`,
      `CREATE TABLE account_states (
        user_id TEXT PRIMARY KEY,
        was_locked BOOLEAN NOT NULL,
        was_suspended BOOLEAN NOT NULL,
        absence TEXT NOT NULL,
        successor TEXT,
        changed_by TEXT NOT NULL,
        changed_at BIGINT NOT NULL)`,
      `CREATE TABLE watched_devices (
        ${seq},
        user_id TEXT NOT NULL,
        device_id TEXT NOT NULL,
        first_seen_at BIGINT NOT NULL,
        networks TEXT NOT NULL,
        told TEXT NOT NULL,
        UNIQUE (user_id, device_id))`,
      'CREATE INDEX account_procedures_unfinished ON account_procedures (seq) WHERE finished_at IS NULL',
    ])
      await step.run(sql);
    for (const table of ['account_procedures', 'account_procedure_steps']) await forbidRemoval(step, table);
  },
};
