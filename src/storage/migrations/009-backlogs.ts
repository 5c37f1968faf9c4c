import type { Migration } from './migration.ts';

const QUEUES = [
  ['inbox', 'delivery_'],
  ['inbox', 'keyword_'],
  ['outbox', ''],
  ['notices', ''],
  ['matrix_events', ''],
] as const;

/** The waiting rows in their order, and by when they are due: what is next is found without a look at all that waits. */
export const backlogs: Migration = {
  version: 9,
  name: 'backlogs',
  async up(step) {
    for (const [table, prefix] of QUEUES) {
      const waiting = `WHERE ${prefix}run_at IS NOT NULL`;
      await step.run(`CREATE INDEX ${table}_${prefix}in_order ON ${table} (seq) ${waiting}`);
      await step.run(`CREATE INDEX ${table}_${prefix}due ON ${table} (${prefix}run_at) ${waiting}`);
    }
    await step.run('CREATE INDEX confirmations_command ON confirmations (command_event) WHERE finished_at IS NULL');
  },
};
