import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Lines } from '../services/lines.ts';
import type { Notifier } from '../services/notifier.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { Command, Permission } from './command.ts';

/** What running commands needs. */
export interface CommandRunnerParts {
  readonly commands: readonly Command[];
  readonly prefix: string;
  readonly lines: Lines;
  readonly admins: readonly UserId[];
  readonly rooms: Rooms;
  readonly notifier: Notifier;
}

/** Finds the command, checks in this one place who may run it, runs it, and answers in a reply. */
export class CommandRunner {
  readonly #parts: CommandRunnerParts;
  readonly #byName: ReadonlyMap<string, Command>;

  constructor(parts: CommandRunnerParts) {
    this.#parts = parts;
    this.#byName = new Map(parts.commands.map((command) => [command.name, command]));
    if (this.#byName.size !== parts.commands.length) throw new Error('two commands have the same name');
  }

  /** `text` starts with the prefix, or looks like a mistyped command. The answer is committed to the notice queue. */
  async run(row: MatrixEventRow, text: string, room: KnownRoom): Promise<void> {
    const { event, trace } = row;
    const answer = await this.#answer(row, text, room);
    await this.#parts.notifier.say(event.room_id, answer, {
      cause: `answer:${event.event_id}`,
      trace,
      replyTo: event.event_id,
    });
  }

  async #answer(row: MatrixEventRow, text: string, room: KnownRoom): Promise<string> {
    const { prefix, rooms } = this.#parts;
    const help = `Try \`${prefix} help\`.`;
    const words = new RegExp(`^${escapeRegExp(prefix)}(?:\\s+(\\S+)\\s*(.*))?$`, 'is').exec(text);
    if (words === null) return `This looks like a command, so it was not sent to the patient. ${help}`;
    const [, name = 'help', args = ''] = words;
    const command = this.#byName.get(name.toLowerCase());
    if (command === undefined) return `There is no such command. Nothing was done or sent. ${help}`;
    const { sender, event_id: eventId } = row.event;
    if (!this.#mayRun(sender, command.permission)) return `Refused: ${REFUSAL[command.permission]}`;
    if (!(await rooms.isEncrypted(room.roomId))) return 'Refused: this room is not encrypted. Use an encrypted room.';
    try {
      return await command.run({ sender, args: args.trim(), room, eventId, trace: row.trace });
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
  }

  #mayRun(user: UserId, permission: Permission): boolean {
    const isTeam = this.#parts.lines.ofMember(user).length > 0;
    const isAdmin = this.#parts.admins.includes(user);
    const allowed: Readonly<Record<Permission, boolean>> = { team: isTeam, admin: isAdmin, staff: isTeam || isAdmin };
    return allowed[permission] === true;
  }
}

const REFUSAL: Readonly<Record<Permission, string>> = {
  team: 'only members of a line’s team may do this. Ask your administrator to add you to one.',
  admin: 'only administrators may do this. Ask one of them.',
  staff: 'you are in no line’s team and no administrator. Ask your administrator to add you.',
};

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
