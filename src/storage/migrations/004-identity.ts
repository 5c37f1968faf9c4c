import { forbidChanges } from './append-only.ts';
import type { Migration } from './migration.ts';

/** Dates of birth, encrypted, and whether whoever answers at a number knows them. */
export const identity: Migration = {
  version: 4,
  name: 'identity',
  async up(step) {
    const seq = step.dialect === 'sqlite' ? 'seq INTEGER PRIMARY KEY AUTOINCREMENT' : 'seq BIGSERIAL PRIMARY KEY';
    for (const sql of [
      'ALTER TABLE contacts ADD COLUMN birth_date TEXT',
      `CREATE TABLE identity_checks (
        ${seq},
        id TEXT NOT NULL UNIQUE,
        contact_id TEXT NOT NULL REFERENCES contacts (id),
        address_id TEXT NOT NULL REFERENCES addresses (id),
        state TEXT NOT NULL,
        method TEXT NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0,
        wording_version TEXT NOT NULL,
        evidence TEXT NOT NULL,
        cause TEXT NOT NULL UNIQUE,
        actor TEXT NOT NULL,
        at BIGINT NOT NULL)`,
      'CREATE INDEX identity_checks_address ON identity_checks (address_id, seq)',
    ])
      await step.run(sql);
    await forbidChanges(step, 'identity_checks');
  },
};
