/** The runner over stores in memory, with commands whose runs are counted. */
import type { Command, Where } from '../../../src/commands/command.ts';
import { CommandRunner } from '../../../src/commands/run-command.ts';
import type { CommandName } from '../../../src/model/command-name.ts';
import type { Conversation } from '../../../src/model/conversation.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { PERMISSIONS, type Permission } from '../../../src/model/permission.ts';
import type { Role } from '../../../src/model/role.ts';
import type { TypedCommand } from '../../../src/services/handle-staff-message.ts';
import type { KnownRoom } from '../../../src/services/known-room.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { COMMAND_ROOM, LINES, NAMESPACE, NURSE, PREFIX } from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy, role } from '../../support/line-team-policy.ts';

/** What the tests choose. */
export interface RunnerOptions {
  /** Those of the nurse; all where left out. */
  readonly permissions?: readonly Permission[];
  readonly where?: Where;
  readonly isEncrypted?: boolean;
  readonly auditFault?: Error;
  readonly prefix?: string;
  /** The commands are only counted: what they need is not there. */
  readonly isStubbed?: boolean;
  /** The nurse's role is limited to these commands. */
  readonly only?: readonly CommandName[];
  /** Whose accounts are locked. */
  readonly absent?: readonly UserId[];
}

/** What was typed, with nothing special about it. */
export function typed(text: string, more: Partial<TypedCommand> = {}): TypedCommand {
  return { text, repliesTo: undefined, isEdit: false, isEncrypted: true, ...more };
}

/** A line that the command can read, without the prefix. */
export function sampleLine({ name, parameters }: Command): string {
  const words = Object.values(parameters).map(({ form }) => SAMPLES[form] ?? form.split(' | ')[0] ?? 'x');
  return [name, ...words].join(' ');
}

const SAMPLES: Readonly<Record<string, string>> = {
  'a reference': 'k3h2a7b4',
  'a reference, or all': 'all',
  '@name:server': '@lee:hospital.test',
  '@name:server, or "Display Name", or a reply to their message': '@lee:hospital.test',
  '!id, #alias:server, a link, or here': 'here',
  'a role’s id': 'line-team',
  'a unit’s id': 'icu',
  '30m, 2h, 7d': '30m',
  '+1 212 555 0123': '+12125550110',
  words: 'because of this',
  'one word': 'word',
  'the code of 8 characters': 'abcdefgh',
  'a device, as `devices` shows it': 'LOSTPHONE',
};

let counter = 0;

/** Types commands. */
export class RunnerFixture {
  readonly storage = memoryStorage();
  readonly answers: string[] = [];
  readonly runs: string[] = [];
  /** Events that no longer hold up those after them. */
  readonly setAside = new Set<string>();
  readonly #runner: CommandRunner;
  readonly #room: KnownRoom;
  readonly #said = new Set<string>();

  constructor(commands: readonly Command[], options: RunnerOptions = {}) {
    const permissions = options.permissions ?? (Object.keys(PERMISSIONS) as Permission[]);
    const policy = lineTeamPolicy(NAMESPACE, [], LINES, {});
    const held = new Map<UserId, readonly Role[]>([
      [NURSE, [{ ...role('tested', permissions), commands: options.only ? new Set(options.only) : 'all' }]],
    ]);
    const { audit, confirmations, transactions } = this.storage;
    const conversation = options.where === 'conversation' ? ({} as Conversation) : undefined;
    this.#room = { roomId: COMMAND_ROOM, conversation };
    this.#runner = new CommandRunner({
      confirmations,
      transactions,
      prefix: options.prefix ?? PREFIX,
      country: 'US',
      confirmWithinMs: 300_000,
      commands: commands.map((command) => this.#counted(command, options.isStubbed === true)),
      audit: options.auditFault ? { append: async () => Promise.reject(options.auditFault!) } : audit,
      policy: { current: async () => ({ ...policy, assigned: held, absent: new Set(options.absent) }) },
      rooms: { isEncrypted: async () => options.isEncrypted ?? true, resolveAlias: async () => undefined },
      roomProblem: async () => undefined,
      awayUntil: () => undefined,
      commandOfNotice: async () => undefined,
      events: { setAside: async (id) => void this.setAside.add(id) },
      notifier: {
        say: async (_room: RoomId, answer: string, { cause }: { cause: string }) => {
          if (!this.#said.has(cause)) this.answers.push(answer);
          this.#said.add(cause);
        },
      } as never,
    });
  }

  audited() {
    return this.storage.audited();
  }

  async type(
    sender: UserId,
    text: string,
    more: Partial<TypedCommand> & { eventId?: string; attempts?: number } = {},
  ): Promise<{ runs: string[]; answer: string }> {
    const eventId = (more.eventId ?? `$typed-${++counter}`) as EventId;
    await this.#runner.run(
      rowOf(sender, eventId, 'm.room.encrypted', {}, more.attempts),
      typed(text, more),
      this.#room,
    );
    return { runs: this.runs, answer: this.answers.join('\n') };
  }

  /** Types it as the nurse, and says yes where that is asked for. */
  async runAndConfirm(text: string): Promise<{ runs: string[]; answer: string }> {
    await this.type(NURSE, text);
    for (const { id } of await this.storage.confirmations.expired(Infinity)) {
      await this.storage.confirmations.setPrompt(id, '$prompt' as EventId);
      await this.reacts('✅', NURSE);
    }
    return { runs: this.runs, answer: this.answers.join('\n') };
  }

  /** A reaction to `$prompt`. */
  async reacts(key: string, sender: UserId, event_id = `$reaction-${++counter}` as EventId) {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: '$prompt', key } };
    return this.#runner.reaction(rowOf(sender, event_id, 'm.reaction', content), this.#room);
  }

  #counted(command: Command, isStubbed: boolean): Command {
    const counted: Command['run'] = async (call, args) => {
      this.runs.push(command.name);
      return isStubbed ? { text: 'done' } : command.run(call, args);
    };
    const stub: Command['preview'] = async () => ({ text: 'would', facts: {} });
    return { ...command, run: counted, preview: command.preview && (isStubbed ? stub : command.preview) };
  }
}

function rowOf(sender: UserId, event_id: EventId, type: string, content: object, attempts = 0) {
  const event = { type, room_id: COMMAND_ROOM, event_id, sender, origin_server_ts: 0, content: content as never };
  return { id: event_id, lane: 'a', attempts, trace: 'trace', receivedAt: Date.now(), event };
}
