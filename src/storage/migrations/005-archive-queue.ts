import type { Migration } from './migration.ts';

/** What was said and is not in the archive yet. */
export const archiveQueue: Migration = {
  version: 5,
  name: 'archive-queue',
  async up(step) {
    const seq = step.dialect === 'sqlite' ? 'seq INTEGER PRIMARY KEY AUTOINCREMENT' : 'seq BIGSERIAL PRIMARY KEY';
    await step.run(`CREATE TABLE archive_queue (
      ${seq},
      id TEXT NOT NULL UNIQUE,
      content TEXT NOT NULL)`);
  },
};
