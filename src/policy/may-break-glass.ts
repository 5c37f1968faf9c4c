import type { CarePolicy } from '../model/care-policy.ts';
import type { EmergencyAccess, GovernedRoom } from '../model/governed-room.ts';
import type { UserId } from '../model/ids.ts';
import { mayBeIn } from './may-be-in.ts';
import { isPermitted } from './permissions.ts';

/** Somebody asks to enter a room in an emergency. */
export interface BreakGlassRequest {
  readonly user: UserId;
  /** undefined where the room is not governed. */
  readonly room: GovernedRoom | undefined;
  /** The user's membership in the room now; undefined where there never was one. */
  readonly membership: string | undefined;
  /** The grant that the user has for the room now, if any. It does not stand in the way of who left the room before its end. */
  readonly open: EmergencyAccess | undefined;
}

/** Why not: `message` goes on after "Refused: ", for the user. */
export interface BreakGlassRefusal {
  readonly code: string;
  readonly message: string;
}

/** undefined where the glass may be broken, else why not; `message` is a sentence for the user (B1). */
export function mayBreakGlass(policy: CarePolicy, request: BreakGlassRequest): BreakGlassRefusal | undefined {
  const { user, room, membership } = request;
  if (!isPermitted(policy, user, 'break-glass')) return no('not-permitted', 'your role does not permit it.');
  if (room === undefined) return no('not-governed', 'this room is not governed by the bridge.');
  if (room.kind === 'command' || room.kind === 'security') {
    return no('no-patients-room', 'this room is for administration: there is no patient in it.');
  }
  if (room.kind === 'unit') {
    return no('whole-unit', 'this is a whole unit, which would open all its rooms. Name the one room that you need.');
  }
  if (membership === 'join') {
    if (request.open === undefined) return no('member-already', 'you are in the room already.');
    const until = timeOf(request.open.expiresAt);
    return no(
      'open-already',
      `you have emergency access to this room until ${until}. For longer, end it and ask again.`,
    );
  }
  if (membership === 'invite') {
    const until = request.open === undefined ? '' : ` Your emergency access ends at ${timeOf(request.open.expiresAt)}.`;
    return no('invited-already', `you are invited already. Accept the invitation.${until}`);
  }
  if (membership === 'ban') return no('banned', 'you are banned from the room. Somebody must lift the ban first.');
  const emergencies = new Map([[room.roomId, new Set([user])]]);
  const admission = mayBeIn({ ...policy, emergencies }, room, user);
  return admission.allowed ? undefined : { code: admission.code, message: admission.message };
}

/** `2026-03-01 14:05 UTC`, as it is said in rooms. */
export function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function no(code: string, message: string): BreakGlassRefusal {
  return { code, message };
}
