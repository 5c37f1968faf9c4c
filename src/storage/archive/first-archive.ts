import { forbidChanges, forbidReplacing } from '../migrations/append-only.ts';
import type { Migration } from '../migrations/migration.ts';

/** The tables of the archive's own database. */
const firstArchive: Migration = {
  version: 1,
  name: 'first-archive',
  async up(step) {
    for (const sql of [
      `CREATE TABLE phi_keys (
        key_id TEXT PRIMARY KEY,
        lookup_key TEXT NOT NULL,
        created_at BIGINT NOT NULL)`,
      `CREATE TABLE archive_records (
        seq ${step.dialect === 'sqlite' ? 'INTEGER' : 'BIGINT'} PRIMARY KEY,
        kind TEXT NOT NULL,
        said_by TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        room_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        relates_to TEXT,
        sender TEXT NOT NULL,
        at BIGINT NOT NULL,
        content TEXT NOT NULL,
        prev_hash TEXT NOT NULL,
        hash TEXT NOT NULL,
        UNIQUE (event_id, kind))`,
      'CREATE INDEX archive_records_conversation ON archive_records (conversation_id, seq)',
    ])
      await step.run(sql);
    await forbidChanges(step, 'archive_records');
    const isThere = 'EXISTS (SELECT 1 FROM archive_records WHERE event_id = NEW.event_id AND kind = NEW.kind)';
    await forbidReplacing(step, 'archive_records', 'seq', isThere);
  },
};

/** All migrations of the archive, oldest first. */
export const ARCHIVE_MIGRATIONS: readonly Migration[] = [firstArchive];
