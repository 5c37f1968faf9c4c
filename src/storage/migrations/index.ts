import { firstSchema } from './001-first-schema.ts';
import { carePolicy } from './002-care-policy.ts';
import { accounts } from './003-accounts.ts';
import { identity } from './004-identity.ts';
import { archiveQueue } from './005-archive-queue.ts';
import { deviceNotices } from './006-device-notices.ts';
import { archiveQueueTimes } from './007-archive-queue-times.ts';
import { parked } from './008-parked.ts';
import { backlogs } from './009-backlogs.ts';
import { patience } from './010-patience.ts';
import type { Migration } from './migration.ts';

/** All migrations, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  firstSchema,
  carePolicy,
  accounts,
  identity,
  archiveQueue,
  deviceNotices,
  archiveQueueTimes,
  parked,
  backlogs,
  patience,
];
