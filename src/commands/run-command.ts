import { RetryableError, UserError } from '../errors.ts';
import type { Country } from '../model/phone-number.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { ConfirmationStore } from '../ports/confirmation-store.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { TypedCommand } from '../services/handle-staff-message.ts';
import type { Handled } from '../model/handled.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Notifier } from '../services/notifier.ts';
import { CarryOut, tooLate, type ReadyCommand } from './carry-out.ts';
import { actionOf, auditId, commandEntry, entryOf } from './command-audit.ts';
import type { Answer, Command, CommandCall, GivenCommand } from './command.ts';
import { Confirmations } from './confirmations.ts';
import { CommandGate, NOT_ENCRYPTED, type GateParts, type Refusal } from './gate.ts';
import type { ReadContext } from './read-context.ts';
import { reactionIn } from './reaction.ts';
import { findCommand, readLine, type FoundCommand, type ReadLine } from './read-line.ts';
import { typedWords } from './typed-words.ts';

/** What running commands needs. */
export interface CommandRunnerParts extends GateParts {
  readonly commands: readonly Command[];
  readonly prefix: string;
  readonly country: string;
  readonly confirmations: ConfirmationStore;
  readonly events: Pick<MatrixEventStore, 'setAside'>;
  readonly audit: AuditLog;
  readonly notifier: Notifier;
  readonly transactions: Transactions;
  /** Until when the database took nothing, Unix ms; undefined: it always did. */
  readonly awayUntil: () => number | undefined;
  /** What END_DEVICE_SIGN under this event stands for; undefined where it is no notice about a device. */
  readonly commandOfNotice: (notice: EventId) => Promise<GivenCommand | undefined>;
  /** How long a confirmation is waited for, ms. */
  readonly confirmWithinMs: number;
}

/** How long a reaction waits for the prompt that it may belong to, ms. */
const PROMPT_WAIT_MS = 10_000;
/** Whoever asked is told of a wait as long as this, ms. */
const LONG_WAIT_MS = 5_000;
/** How long the sign under a notice waits for the notice, ms. Meanwhile the room’s other commands wait too. */
const NOTICE_WAIT_MS = 2_000;

/** Finds the command, has it checked who may run it and where, runs it or asks for a yes, and answers in a reply. Every use is audited. */
export class CommandRunner {
  readonly #parts: CommandRunnerParts;
  readonly #byName: ReadonlyMap<string, Command>;
  readonly #gate: CommandGate;
  readonly #carryOut: CarryOut;
  readonly #confirmations: Confirmations;
  readonly #startedAt = Date.now();
  /** Commands that are in the audit log and may be half done: they are finished, however late. */
  readonly #begun = new Set<EventId>();

  constructor(parts: CommandRunnerParts) {
    this.#parts = parts;
    this.#byName = new Map(parts.commands.map((command) => [command.name, command]));
    if (this.#byName.size !== parts.commands.length) throw new Error('two commands have the same name');
    this.#gate = new CommandGate(parts);
    this.#carryOut = new CarryOut(parts);
    this.#confirmations = new Confirmations({
      ...parts,
      store: parts.confirmations,
      gate: this.#gate,
      carryOut: this.#carryOut,
      byName: this.#byName,
      context: (room) => this.#context(room),
      waitMs: parts.confirmWithinMs,
    });
  }

  /** `typed.text` starts with the prefix, or looks like a mistyped command. The answer is committed to the notice queue. */
  async run(row: MatrixEventRow, typed: TypedCommand, room: KnownRoom): Promise<void> {
    const { prefix } = this.#parts;
    const text = typedWords(typed.text, typed.formattedBody);
    const line = new RegExp(`^${escapeRegExp(prefix)}(?:\\s+(.*))?$`, 'isu').exec(text);
    const help = `Try \`${prefix} help\`.`;
    if (line === null) {
      return this.#refuse(
        row,
        typed,
        'unknown',
        `This looks like a command, so it was not sent to the patient. ${help}`,
      );
    }
    const words = line[1]?.trim() || 'help';
    const found = findCommand(this.#byName, words);
    if (typed.isEdit)
      return this.#refuse(
        row,
        typed,
        'edited',
        'Refused: commands are not run from edits. Type it as a new message.',
        found,
      );
    if (found === undefined)
      return this.#refuse(row, typed, 'unknown', `${this.#unknown(words)} Nothing was done or sent. ${help}`);
    await this.#runIfAllowed(row, typed, room, found, words);
  }

  /** A reaction: undefined where it is to no question of ours. */
  async reaction(row: MatrixEventRow, room: KnownRoom): Promise<Handled | undefined> {
    const reaction = reactionIn(row.event);
    if (reaction === undefined) return undefined;
    if (reaction.endsDevice) return this.#underNotice(row, room, reaction.to);
    const { confirmations, notifier } = this.#parts;
    const found = await confirmations.findByPrompt(reaction.to);
    if (found === undefined) return this.#unknownPrompt(row, room, reaction.isYes !== undefined);
    if (reaction.isYes === undefined) return 'done';
    const { sender: by, event_id: event, origin_server_ts: at } = row.event;
    const { isYes } = reaction;
    const decided = await this.#saying(row, room, () =>
      this.#confirmations.decide(found, { isYes, isTyped: false, by, event, at, room, attempts: row.attempts }),
    );
    if (decided.outcome === 'ignored' && decided.isForAll) {
      await notifier.say(room.roomId, decided.why, {
        cause: `reaction:${event}`,
        trace: row.trace,
        replyTo: found.commandEvent,
      });
    }
    return 'done';
  }

  /** `confirm <code>` and `cancel <code>`. */
  async decide(call: CommandCall, code: string, isYes: boolean): Promise<Answer> {
    const found = await this.#parts.confirmations.find(code);
    if (found === undefined)
      throw new UserError(
        'There is nothing to confirm under this code: it was decided, or its time is over. Nothing was done.',
      );
    const { sender: by, eventId: event, typedAt: at, room, attempts } = call;
    const decided = await this.#confirmations.decide(found, { isYes, isTyped: true, by, event, at, room, attempts });
    if (decided.outcome === 'ignored') throw new UserError(decided.why);
    return { text: '' };
  }

  /** Somebody removed an event: if it was a command that waits for a yes, or the question about one, that is dropped. */
  async removed(event: EventId, by: UserId): Promise<void> {
    await this.#confirmations.dropRemoved(event, by);
  }

  /** Ends what nobody confirmed in time. To be called now and then. */
  async endExpired(): Promise<void> {
    await this.#confirmations.endExpired();
  }

  async #runIfAllowed(
    row: MatrixEventRow,
    typed: TypedCommand,
    room: KnownRoom,
    found: FoundCommand,
    line: string,
  ): Promise<void> {
    const refusal = typed.isEncrypted ? await this.#gate.refusal(found.command, row.event.sender, room) : NOT_ENCRYPTED;
    if (refusal) return this.#refuse(row, typed, refusal.code, refusal.text, found);
    await this.#saying(row, room, () => this.#runFound(row, typed, room, found, line));
  }

  async #runFound(
    row: MatrixEventRow,
    typed: TypedCommand,
    room: KnownRoom,
    found: FoundCommand,
    line: string,
  ): Promise<void> {
    const { command } = found;
    let read;
    try {
      read = await readLine(found, await this.#context(room));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return this.#refuse(row, typed, 'words', error.message, found);
    }
    const { sender, event_id: eventId, origin_server_ts: typedAt } = row.event;
    const isRepeat = row.attempts > 0 || row.receivedAt < this.#startedAt;
    const call = { sender, room, eventId, typedAt, trace: row.trace, ticket: read.ticket };
    const { repliesTo, underNotice } = typed;
    const { attempts } = row;
    const ready: ReadyCommand = {
      command,
      call: { ...call, repliesTo, underNotice, confirmedBy: undefined, attempts, isRepeat },
      args: read.args,
    };
    if (read.isDryRun) return this.#carryOut.show(ready);
    if (command.effect === 'reads') return this.#confirmations.run(ready);
    if (!this.#begun.has(eventId) && this.#carryOut.isTooLate(typedAt))
      return this.#refuse(row, typed, 'not-logged', tooLate(command), found);
    if (command.effect === 'destroys') return this.#confirmations.ask(ready, line);
    if (!(await this.#carryOut.begin(ready, 'begun'))) return this.#carryOut.tellNoAudit(ready.call);
    this.#begun.add(eventId);
    await this.#confirmations.run(ready);
    this.#begun.delete(eventId);
  }

  /** If `work` has to wait for more than a moment, whoever asked is told what for at once, the room's later commands go first, and the queue goes on trying. */
  async #saying<T>(
    { id, event, attempts, trace }: MatrixEventRow,
    room: KnownRoom,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isLong = error instanceof RetryableError && (attempts > 0 || (error.retryAfterMs ?? 0) >= LONG_WAIT_MS);
      if (isLong) {
        const text = `This is not done yet: ${error.message} It will be tried again automatically, and answered then. (Reference ${trace})`;
        const about = { cause: `waits:${event.event_id}`, trace, replyTo: event.event_id };
        await this.#parts.notifier.say(room.roomId, text, about);
        await this.#parts.events.setAside(id);
      }
      throw error;
    }
  }

  /**
   * Runs what a notice stands for, for whoever put the sign under it: everything that is checked of a command is checked, and who may not run it is
   * refused. No words are read for it: whoever is told of chose some of them.
   */
  async #underNotice(row: MatrixEventRow, room: KnownRoom, notice: EventId): Promise<Handled | undefined> {
    const given = await this.#parts.commandOfNotice(notice);
    const command = given && this.#byName.get(given.name);
    if (given === undefined || command === undefined) {
      // As with prompts, the notice may be known only in a moment. Notices are in no patient's room.
      const mayCome = room.conversation === undefined && Date.now() - row.receivedAt < NOTICE_WAIT_MS;
      return mayCome ? { waitMs: 250, code: 'notice-not-sent' } : undefined;
    }
    const typed = { text: '', repliesTo: undefined, underNotice: notice, isEdit: false, isEncrypted: true };
    await this.#runIfAllowed(row, typed, room, { command, rest: '', given: given.args }, '');
    return 'done';
  }

  /** The prompt is known only after it was sent: a quick hand, or a restart, may bring the reaction first. */
  async #unknownPrompt(row: MatrixEventRow, room: KnownRoom, isDecision: boolean): Promise<Handled | undefined> {
    if (!isDecision || Date.now() - row.receivedAt >= PROMPT_WAIT_MS) return undefined;
    const mayCome = await this.#parts.confirmations.isPrompting(room.roomId);
    return mayCome ? { waitMs: 250, code: 'prompt-not-sent' } : undefined;
  }

  async #refuse(
    row: MatrixEventRow,
    { underNotice }: TypedCommand,
    code: Refusal['code'] | 'unknown' | 'edited' | 'words' | 'not-logged',
    text: string,
    found?: FoundCommand,
  ): Promise<void> {
    const { audit, notifier, transactions } = this.#parts;
    const { sender, event_id: eventId, room_id: roomId } = row.event;
    const asked = { sender, eventId, roomId, trace: row.trace };
    const read = found && (await this.#readRefused(found, roomId));
    const details = { step: 'refused', why: code } as const;
    const entry = read
      ? commandEntry(asked, found.command, { step: 'refused', details, args: read.args, ticket: read.ticket })
      : { ...entryOf(asked, found ? actionOf(found.command) : 'command.unknown'), details };
    await transactions.run(async () => {
      await audit.append({ ...entry, id: auditId(entry.action, eventId, 'ended'), outcome: 'refused' });
      await notifier.say(roomId, text, {
        cause: `answer:${eventId}`,
        trace: row.trace,
        replyTo: underNotice ?? eventId,
      });
    });
  }

  /** What a refused line was about, for the audit log; undefined where it cannot be read. Nobody is asked anything for it. */
  async #readRefused(found: FoundCommand, roomId: RoomId): Promise<ReadLine | undefined> {
    try {
      const context = await this.#context({ roomId, conversation: undefined });
      return await readLine(found, { ...context, resolveAlias: async () => undefined });
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  #unknown(words: string): string {
    const first = /^\S+/.exec(words)?.[0].toLowerCase() ?? '';
    const more = [...this.#byName.keys()].filter((name) => name.startsWith(`${first} `));
    return more.length === 0 ? 'There is no such command.' : `Say which: ${more.join(', ')}.`;
  }

  async #context(room: KnownRoom): Promise<ReadContext> {
    const { policy, country, rooms } = this.#parts;
    return {
      room,
      policy: await policy.current(),
      country: country as Country,
      resolveAlias: (alias) => rooms.resolveAlias(alias),
    };
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
