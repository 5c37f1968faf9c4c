import type { CarePolicy } from '../model/care-policy.ts';
import type { CommandName } from '../model/command-name.ts';
import type { UserId } from '../model/ids.ts';
import { isOurs } from '../model/namespace.ts';
import type { Permission } from '../model/permission.ts';
import type { Role } from '../model/role.ts';

/** True where one of the user's roles permits it. Our own users (the bot, ghosts) may do nothing (A1). */
export function isPermitted(policy: CarePolicy, user: UserId, permission: Permission): boolean {
  return rolesOf(policy, user).some(({ permissions }) => permissions.has(permission));
}

/** True where one of the user's roles permits this very command, and one permits commands at all. `name`: that of a command. */
export function isCommandPermitted(policy: CarePolicy, user: UserId, name: string, permission: Permission): boolean {
  if (!isPermitted(policy, user, 'use-commands')) return false;
  // help, confirm and cancel belong to every command.
  if (permission === 'use-commands') return true;
  return rolesOf(policy, user).some(
    ({ permissions, commands }) =>
      permissions.has(permission) && (commands === 'all' || commands.has(name as CommandName)),
  );
}

function rolesOf(policy: CarePolicy, user: UserId): readonly Role[] {
  return isOurs(policy.namespace, user) ? [] : (policy.assigned.get(user) ?? []);
}
