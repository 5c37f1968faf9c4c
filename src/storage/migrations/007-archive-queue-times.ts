import type { Migration } from './migration.ts';

/** Since when what is to be archived waits. What waits already counts from now on. */
export const archiveQueueTimes: Migration = {
  version: 7,
  name: 'archive-queue-times',
  async up(step) {
    await step.run('ALTER TABLE archive_queue ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0');
    await step.run(`UPDATE archive_queue SET noted_at = ${Date.now()}`);
  },
};
