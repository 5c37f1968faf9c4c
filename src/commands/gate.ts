import type { CarePolicy } from '../model/care-policy.ts';
import type { RoomKind } from '../model/governed-room.ts';
import { serverOf, type RoomId, type UserId } from '../model/ids.ts';
import { PERMISSIONS, type Permission } from '../model/permission.ts';
import { isCommandPermitted, isPermitted } from '../policy/permissions.ts';
import type { Rooms } from '../ports/rooms.ts';
import { kindOf, type KnownRoom } from '../services/known-room.ts';
import type { PolicyInEffect } from '../services/policy-in-effect.ts';
import type { Command, Where } from './command.ts';

/** What deciding who may do what where needs. */
export interface GateParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly rooms: Pick<Rooms, 'isEncrypted' | 'resolveAlias'>;
  /** Why the command room is not safe to be used, in plain words; undefined where it is (A3). */
  readonly roomProblem: (roomId: RoomId) => Promise<string | undefined>;
}

/** Why something was refused: the code for the audit log, the words for the room. */
export interface Refusal {
  readonly code: 'user' | 'permission' | 'place' | 'not-encrypted' | 'unsafe-room';
  readonly text: string;
}

/** The one place where it is checked who may do what, and where. */
export class CommandGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Why `user` may not run the command here, or undefined. */
  async refusal(command: Command, user: UserId, room: KnownRoom): Promise<Refusal | undefined> {
    const policy = await this.#parts.policy.current();
    return commandRefusal(policy, user, command) ?? this.#roomRefusal(command, room);
  }

  async #roomRefusal(command: Command, room: KnownRoom): Promise<Refusal | undefined> {
    const kind = kindOf(room);
    const place = Object.hasOwn(PLACES, command.where) ? PLACES[command.where] : undefined;
    if (place?.kinds.has(kind) !== true) {
      return { code: 'place', text: place?.elsewhere ?? 'Refused: this command cannot be used anywhere.' };
    }
    if (!(await this.#parts.rooms.isEncrypted(room.roomId))) return NOT_ENCRYPTED;
    // Help shows nothing that is worth protecting, and whoever puts the room right may need it.
    if (command.name === 'help' || !CHECKED.has(kind)) return undefined;
    const problem = await this.#parts.roomProblem(room.roomId);
    if (problem === undefined) return undefined;
    return {
      code: 'unsafe-room',
      text: `Refused: this room is not safe for commands: ${problem} Until that is fixed, only \`help\` works here.`,
    };
  }
}

/** What is said to a command that everybody on the way could have read or written. */
export const NOT_ENCRYPTED: Refusal = {
  code: 'not-encrypted',
  text: 'Refused: this room is not encrypted. Use an encrypted room.',
};

/** Under Matrix Authentication Service a lock takes two minutes to be felt, and what was written before it may come later. */
const LOCKED: Refusal = {
  code: 'user',
  text: 'Refused: your account is locked, so nothing is done on its word. Another administrator can unlock it.',
};

/** Why `user` may not use this command anywhere, or undefined. */
export function commandRefusal(
  policy: CarePolicy,
  user: UserId,
  { name, permission }: Pick<Command, 'name' | 'permission'>,
): Refusal | undefined {
  const refusal = personRefusal(policy, user, permission) ?? personRefusal(policy, user, 'use-commands');
  if (refusal || isCommandPermitted(policy, user, name, permission)) return refusal;
  return { code: 'permission', text: `Refused: none of your roles permits \`${name}\`. Ask your administrator.` };
}

/** Why `user` has not this permission, or undefined. People of other servers have none here, whatever the roles say (A1), nor has whoever is locked out. */
export function personRefusal(policy: CarePolicy, user: UserId, permission: Permission): Refusal | undefined {
  if (serverOf(user) !== policy.namespace.domain) {
    return { code: 'user', text: 'Refused: only users of this homeserver can use commands.' };
  }
  if (policy.absent.has(user)) return LOCKED;
  if (isPermitted(policy, user, permission)) return undefined;
  const what = Object.hasOwn(PERMISSIONS, permission) ? PERMISSIONS[permission] : 'do this';
  return { code: 'permission', text: `Refused: you may not ${what}. Ask your administrator.` };
}

const CHECKED: ReadonlySet<RoomKind> = new Set(['command', 'security']);

const PLACES: Readonly<Record<Where, { readonly kinds: ReadonlySet<RoomKind>; readonly elsewhere: string }>> = {
  'command-room': { kinds: CHECKED, elsewhere: 'Refused: use this in the command room.' },
  conversation: { kinds: new Set(['conversation']), elsewhere: 'Use this in a patient’s room.' },
  'command-or-conversation': {
    kinds: new Set([...CHECKED, 'conversation']),
    elsewhere: 'Refused: use this in the command room or in a patient’s room.',
  },
  'any-governed': {
    kinds: new Set(['conversation', 'care-team', 'command', 'security', 'unit']),
    elsewhere: 'Refused: use this in a governed room.',
  },
};
