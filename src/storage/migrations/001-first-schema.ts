import { forbidChanges } from './append-only.ts';
import type { Migration } from './migration.ts';

/**
 * Columns by which a queue runs a table. `run_at` is null for finished and parked rows, so that the indexes of the waiting rows do not grow
 * with the finished ones.
 */
const queueColumns = (prefix = '') => `
  ${prefix}run_at BIGINT,
  ${prefix}attempts INTEGER NOT NULL DEFAULT 0,
  ${prefix}code TEXT,
  ${prefix}waits_outside BOOLEAN NOT NULL DEFAULT FALSE,
  ${prefix}parked_at BIGINT,`;

const queueIndexes = (table: string, prefix = '') => [
  `CREATE INDEX ${table}_${prefix}waiting ON ${table} (lane, seq, ${prefix}run_at) WHERE ${prefix}run_at IS NOT NULL`,
  `CREATE INDEX ${table}_${prefix}outside ON ${table} (lane) WHERE ${prefix}waits_outside`,
  `CREATE INDEX ${table}_${prefix}parked ON ${table} (${prefix}parked_at) WHERE ${prefix}parked_at IS NOT NULL`,
];

/** For the sweep: what is finished, and what of it still has its content. */
const sweepIndexes = (table: string) => [
  `CREATE INDEX ${table}_finished ON ${table} (finished_at) WHERE finished_at IS NOT NULL`,
  `CREATE INDEX ${table}_unwiped ON ${table} (finished_at) WHERE finished_at IS NOT NULL AND content IS NOT NULL`,
];

/** The tables of the first release. What each holds, and how long, is in docs/retention.md. */
export const firstSchema: Migration = {
  version: 1,
  name: 'first-schema',
  async up(step) {
    // Rows are numbered in the order they are committed; numbers of removed rows are not used again.
    const seq = step.dialect === 'sqlite' ? 'seq INTEGER PRIMARY KEY AUTOINCREMENT' : 'seq BIGSERIAL PRIMARY KEY';
    for (const sql of [...tables(seq), ...indexes()]) await step.run(sql);
    await forbidChanges(step, 'consents');
  },
};

function tables(seq: string): string[] {
  return [
    `CREATE TABLE phi_keys (
      key_id TEXT PRIMARY KEY,
      lookup_key TEXT NOT NULL,
      created_at BIGINT NOT NULL)`,
    `CREATE TABLE settings (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL)`,
    `CREATE TABLE contacts (
      id TEXT PRIMARY KEY,
      name TEXT,
      ghost TEXT NOT NULL UNIQUE,
      created_at BIGINT NOT NULL)`,
    `CREATE TABLE addresses (
      id TEXT PRIMARY KEY,
      contact_id TEXT NOT NULL REFERENCES contacts (id),
      number TEXT NOT NULL,
      number_hash TEXT NOT NULL UNIQUE,
      created_at BIGINT NOT NULL)`,
    `CREATE TABLE conversations (
      id TEXT PRIMARY KEY,
      line_id TEXT NOT NULL,
      address_id TEXT NOT NULL REFERENCES addresses (id),
      room_id TEXT UNIQUE,
      is_introduced BOOLEAN NOT NULL DEFAULT FALSE,
      created_at BIGINT NOT NULL,
      UNIQUE (line_id, address_id))`,
    `CREATE TABLE consents (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      contact_id TEXT NOT NULL REFERENCES contacts (id),
      address_id TEXT NOT NULL REFERENCES addresses (id),
      state TEXT NOT NULL,
      method TEXT NOT NULL,
      wording_version TEXT NOT NULL,
      evidence TEXT NOT NULL,
      cause TEXT NOT NULL UNIQUE,
      actor TEXT NOT NULL,
      at BIGINT NOT NULL)`,
    `CREATE TABLE inbox (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      carrier TEXT NOT NULL,
      carrier_message_id TEXT NOT NULL,
      line_id TEXT NOT NULL,
      lane TEXT NOT NULL,
      keyword TEXT,
      content TEXT,
      trace TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      ${queueColumns('delivery_')}
      ${queueColumns('keyword_')}
      finished_at BIGINT,
      UNIQUE (carrier, carrier_message_id))`,
    `CREATE TABLE outbox (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      state TEXT NOT NULL,
      lane TEXT NOT NULL REFERENCES conversations (id),
      line_id TEXT NOT NULL,
      content TEXT,
      event_id TEXT,
      room_id TEXT,
      failure TEXT,
      carrier TEXT,
      carrier_reference TEXT,
      cause TEXT NOT NULL UNIQUE,
      trace TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      ${queueColumns()}
      finished_at BIGINT)`,
    `CREATE TABLE notices (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      lane TEXT NOT NULL,
      sender TEXT NOT NULL,
      content TEXT,
      cause TEXT NOT NULL UNIQUE,
      trace TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      ${queueColumns()}
      finished_at BIGINT)`,
    `CREATE TABLE hs_transactions (
      txn_id TEXT PRIMARY KEY,
      created_at BIGINT NOT NULL)`,
    `CREATE TABLE matrix_events (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      event_id TEXT NOT NULL UNIQUE,
      room_id TEXT NOT NULL,
      lane TEXT NOT NULL,
      content TEXT,
      trace TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      ${queueColumns()}
      finished_at BIGINT)`,
    `CREATE TABLE media (
      event_id TEXT NOT NULL,
      mxc TEXT NOT NULL,
      room_id TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      at BIGINT NOT NULL,
      PRIMARY KEY (event_id, mxc))`,
  ];
}

function indexes(): string[] {
  return [
    ...queueIndexes('inbox', 'delivery_'),
    ...queueIndexes('inbox', 'keyword_'),
    ...['outbox', 'notices', 'matrix_events'].flatMap((table) => queueIndexes(table)),
    ...['inbox', 'outbox', 'notices', 'matrix_events'].flatMap(sweepIndexes),
    'CREATE INDEX hs_transactions_created ON hs_transactions (created_at)',
    'CREATE INDEX matrix_events_room_outside ON matrix_events (room_id) WHERE waits_outside',
    // Delivery reports and redactions find their text.
    'CREATE INDEX outbox_carrier_reference ON outbox (carrier, carrier_reference) WHERE carrier_reference IS NOT NULL',
    'CREATE INDEX outbox_event ON outbox (event_id) WHERE event_id IS NOT NULL',
    'CREATE INDEX consents_address ON consents (address_id, seq)',
    'CREATE INDEX conversations_address ON conversations (address_id)',
    'CREATE INDEX addresses_contact ON addresses (contact_id)',
    'CREATE INDEX media_room ON media (room_id)',
  ];
}
