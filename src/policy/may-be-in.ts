import type { CarePolicy } from '../model/care-policy.ts';
import { serverOf, type UserId } from '../model/ids.ts';
import { isOurs } from '../model/namespace.ts';
import type { Role } from '../model/role.ts';
import { isPermitted } from './permissions.ts';
import type { RoomToGovern } from './room-to-govern.ts';
import { rulesOfRoom } from './rules-of-room.ts';

/** Yes, or why not: `message` is a sentence for the user, free of PHI. */
export type Admission =
  { readonly allowed: true } | { readonly allowed: false; readonly code: string; readonly message: string };

const YES: Admission = { allowed: true };

/** Whether `user` may be in the room: by role, by team, or in an emergency (A5, A6, B1). */
export function mayBeIn(policy: CarePolicy, room: RoomToGovern, user: UserId): Admission {
  if (user === policy.namespace.bot) return YES;
  if (isOurs(policy.namespace, user)) {
    return room.conversation?.ghost === user ? YES : no('other-ghost', 'this patient belongs to another room.');
  }
  const rules = rulesOfRoom(policy, room);
  const server = serverOf(user);
  const { federation } = rules;
  const isServerAllowed =
    server === policy.namespace.domain ||
    federation === 'open' ||
    (federation !== 'own-server' && federation.includes(server));
  if (!isServerAllowed) return no('other-server', 'this room is for users of the hospital’s own server.');
  if (rules.allowedBots.has(user)) return YES;
  if (room.roomId !== undefined && policy.emergencies.get(room.roomId)?.has(user)) return YES;
  if (room.kind === 'command') {
    if (isPermitted(policy, user, 'use-commands')) return YES;
    return no('no-commands', 'the command room is for those whose role permits commands.');
  }
  if (room.kind === 'security') {
    if (isPermitted(policy, user, 'security-room')) return YES;
    return no('no-security', 'the security room is for those whose role permits it.');
  }
  return byRole(policy, room, user);
}

/** The roles by which `user` may be in the room; empty for who is there by emergency access or as an allowed bot. */
export function rolesIn(policy: CarePolicy, room: RoomToGovern, user: UserId): readonly Role[] {
  const roles = policy.assigned.get(user) ?? [];
  if (room.kind === 'command') return roles.filter(({ permissions }) => permissions.has('use-commands'));
  if (room.kind === 'security') return roles.filter(({ permissions }) => permissions.has('security-room'));
  return roles.filter((role) => role.classes.has(room.phiClass) && hasPlace(policy, room, user, role));
}

function byRole(policy: CarePolicy, room: RoomToGovern, user: UserId): Admission {
  const roles = policy.assigned.get(user) ?? [];
  if (roles.length === 0) return no('no-role', 'this room is for staff with a role. Ask an administrator for yours.');
  if (rolesIn(policy, room, user).length > 0) return YES;
  if (!roles.some(({ classes }) => classes.has(room.phiClass))) {
    return no('no-class', `none of your roles may see rooms of class ${room.phiClass}.`);
  }
  const unit = room.unit === undefined ? undefined : (policy.units.get(room.unit)?.name ?? room.unit);
  if (unit !== undefined) return no('no-unit', `this room belongs to ${unit}, and none of your roles does.`);
  return no('no-team', 'this room is for the team of its line.');
}

function hasPlace(policy: CarePolicy, room: RoomToGovern, user: UserId, role: Role): boolean {
  if (role.units === 'all') return true;
  if (room.conversation !== undefined && policy.teams.get(room.conversation.lineId)?.has(user)) return true;
  if (room.unit !== undefined) return role.units.has(room.unit);
  // A care team that belongs to no unit is by invitation, and open to every role of its class. A patient's room never is (A6).
  return room.kind === 'care-team';
}

function no(code: string, message: string): Admission {
  return { allowed: false, code, message };
}
