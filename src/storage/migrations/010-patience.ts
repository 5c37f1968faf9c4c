import type { Migration } from './migration.ts';

/** Since when an offboarding waits for a server: a restart must not begin its patience anew. */
export const patience: Migration = {
  version: 10,
  name: 'patience',
  async up(step) {
    await step.run('ALTER TABLE account_procedures ADD COLUMN waits_since BIGINT');
  },
};
