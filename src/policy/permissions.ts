import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import { isOurs } from '../model/namespace.ts';
import type { Permission } from '../model/permission.ts';

/** True where one of the user's roles permits it. Our own users (the bot, ghosts) may do nothing (A1). */
export function isPermitted(policy: CarePolicy, user: UserId, permission: Permission): boolean {
  if (isOurs(policy.namespace, user)) return false;
  return (policy.assigned.get(user) ?? []).some(({ permissions }) => permissions.has(permission));
}
