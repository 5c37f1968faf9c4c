import type { Migration } from './migration.ts';

/**
 * What retrying by a person needs: when that was last done; how much of a text is in its room already; and the texts of which no line has the number
 * (`line_id` is empty), counted before another is taken.
 */
export const parked: Migration = {
  version: 8,
  name: 'parked',
  async up(step) {
    for (const sql of [
      'ALTER TABLE inbox ADD COLUMN delivery_retried_at BIGINT',
      'ALTER TABLE inbox ADD COLUMN keyword_retried_at BIGINT',
      'ALTER TABLE inbox ADD COLUMN parts_sent INTEGER NOT NULL DEFAULT 0',
      ...['outbox', 'notices', 'matrix_events'].map((table) => `ALTER TABLE ${table} ADD COLUMN retried_at BIGINT`),
      `CREATE INDEX inbox_without_line ON inbox (lane, delivery_parked_at) WHERE line_id = ''`,
      `CREATE INDEX outbox_unknown ON outbox (trace) WHERE state = 'unknown'`,
    ])
      await step.run(sql);
  },
};
