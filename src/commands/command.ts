import type { EventId, UserId } from '../model/ids.ts';
import type { KnownRoom } from '../services/known-room.ts';

/**
 * Who may run a command: the closed list. team: members of a line's team. admin: the configured administrators. staff: either.
 * A command that names none of them can be run by nobody.
 */
export type Permission = 'team' | 'admin' | 'staff';

/** One use of a command. */
export interface CommandCall {
  readonly sender: UserId;
  /** Everything after the command's name, trimmed. */
  readonly args: string;
  readonly room: KnownRoom;
  readonly eventId: EventId;
  readonly trace: string;
}

/** A bot command. `run` answers with what the room is told, and throws UserError for what the caller did wrong. It may be run twice after a crash. */
export interface Command {
  readonly name: string;
  /** After the prefix, e.g. `text <number> [name]`. */
  readonly usage: string;
  readonly summary: string;
  readonly permission: Permission;
  run(call: CommandCall): Promise<string>;
}
