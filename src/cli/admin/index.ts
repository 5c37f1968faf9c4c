import type { AdminPart } from './admin-part.ts';
import { giveRole } from './give-role.ts';
import { invite } from './invite.ts';
import { lock } from './lock.ts';
import { lostDevice } from './lost-device.ts';
import { reactivate } from './reactivate.ts';
import { unlock } from './unlock.ts';

/** What `carebridge admin` can do to a user, in the order of its help. */
export const ADMIN_PARTS: readonly AdminPart[] = [giveRole, unlock, reactivate, invite, lock, lostDevice];
