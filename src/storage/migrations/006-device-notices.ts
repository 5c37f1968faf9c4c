import type { Migration } from './migration.ts';

/** Which device each notice of the sign-in watch told of: a reaction to it ends that one. */
export const deviceNotices: Migration = {
  version: 6,
  name: 'device-notices',
  async up(step) {
    for (const sql of [
      `CREATE TABLE device_notices (
        event_id TEXT PRIMARY KEY,
        user_id TEXT NOT NULL,
        device_id TEXT NOT NULL)`,
      'CREATE INDEX device_notices_device ON device_notices (user_id, device_id)',
    ])
      await step.run(sql);
  },
};
