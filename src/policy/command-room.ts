import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import { stateId, type RoomSnapshot } from '../model/room-snapshot.ts';
import { isPermitted } from './permissions.ts';
import { keepsOthersOut } from './rules/server-acl.ts';

const ENCRYPTION = 'm.megolm.v1.aes-sha2';

/**
 * Why commands must not be run in this room, in plain words for those in it; undefined where they may (A3). `isSecurity`: who is in it must hold
 * permission `security-room`, in the command room `use-commands`.
 */
export function commandRoomProblem(
  policy: CarePolicy,
  snapshot: RoomSnapshot,
  options: { readonly isSecurity?: boolean } = {},
): string | undefined {
  const read = (type: string, field: string) => snapshot.state.get(stateId(type))?.content[field];
  if (snapshot.faults.length > 0) return 'its state is too large to be checked.';
  if (snapshot.state.has(stateId('m.room.tombstone'))) return 'it was replaced by another room.';
  if (read('m.room.encryption', 'algorithm') !== ENCRYPTION) return 'it is not encrypted.';
  if (read('m.room.join_rules', 'join_rule') !== 'invite') return 'people can join without an invitation.';
  if ((read('m.room.guest_access', 'guest_access') ?? 'forbidden') !== 'forbidden') return 'guests can join.';
  if (read('m.room.history_visibility', 'history_visibility') === 'world_readable') return 'everybody can read it.';
  if (read('m.room.create', 'm.federate') !== false && !keepsOthersOut(snapshot, policy.namespace.domain)) {
    return 'users of other servers can be let in.';
  }
  const permission = options.isSecurity ? 'security-room' : 'use-commands';
  const isListed = (user: UserId) => user === policy.namespace.bot || isPermitted(policy, user, permission);
  for (const [user, membership] of snapshot.members) {
    if (membership === 'join' && !isListed(user)) return `${user} is in it and has no role for it.`;
    if (membership === 'invite' && !isListed(user)) return `${user} is invited and has no role for it.`;
  }
  return undefined;
}
