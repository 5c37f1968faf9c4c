import { UserError } from '../errors.ts';
import type { Handled } from '../model/handled.ts';
import type { EventId, UserId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { ConfirmationStore } from '../ports/confirmation-store.ts';
import type { TypedCommand } from '../services/handle-staff-message.ts';
import type { KnownRoom } from '../services/known-room.ts';
import { CarryOut, tooLate, type CarryOutParts, type ReadyCommand } from './carry-out.ts';
import { CommandReactions, type CommandReactionsParts } from './command-reactions.ts';
import type { Answer, Command, CommandCall } from './command.ts';
import { Confirmations } from './confirmations.ts';
import { findTyped, type TypedLine } from './find-typed.ts';
import { CommandGate, NOT_ENCRYPTED, type GateParts } from './gate.ts';
import { contextIn, type ReadContext, type ReadContextParts } from './read-context.ts';
import { readLine, type FoundCommand, type ReadLine } from './read-line.ts';
import { refuseLine, type LineRefusal } from './refuse-line.ts';
import { tellOfWait, type TellOfWaitParts } from './tell-of-wait.ts';

/** What running commands needs. */
export interface CommandRunnerParts
  extends
    GateParts,
    CarryOutParts,
    TellOfWaitParts,
    Pick<ReadContextParts, 'country'>,
    Pick<CommandReactionsParts, 'commandOfNotice'> {
  readonly commands: readonly Command[];
  readonly prefix: string;
  readonly confirmations: ConfirmationStore;
  /** How long a confirmation is waited for, ms. */
  readonly confirmWithinMs: number;
}

/** Finds the command, has it checked who may run it and where, runs it or asks for a yes, and answers in a reply. Every use is audited. */
export class CommandRunner {
  readonly #parts: CommandRunnerParts;
  readonly #byName: ReadonlyMap<string, Command>;
  readonly #gate: CommandGate;
  readonly #carryOut: CarryOut;
  readonly #confirmations: Confirmations;
  readonly #reactions: CommandReactions;
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
      context: this.#context,
      waitMs: parts.confirmWithinMs,
    });
    this.#reactions = new CommandReactions({
      ...parts,
      byName: this.#byName,
      store: parts.confirmations,
      confirmations: this.#confirmations,
      run: (row, typed, room, found) => this.#runIfAllowed(row, typed, room, found),
    });
  }

  /** `typed.text` starts with the prefix, or looks like a mistyped command. The answer is committed to the notice queue. */
  async run(row: MatrixEventRow, typed: TypedCommand, room: KnownRoom): Promise<void> {
    const line = findTyped(this.#byName, this.#parts.prefix, typed);
    if ('refusal' in line) return this.#refuse(row, typed, line.refusal, line.found);
    await this.#runIfAllowed(row, typed, room, line);
  }

  /** A reaction: undefined where it is to no question and no notice of ours. */
  reaction(row: MatrixEventRow, room: KnownRoom): Promise<Handled | undefined> {
    return this.#reactions.take(row, room);
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

  async #runIfAllowed(row: MatrixEventRow, typed: TypedCommand, room: KnownRoom, found: TypedLine): Promise<void> {
    const refusal = typed.isEncrypted ? await this.#gate.refusal(found.command, row.event.sender, room) : NOT_ENCRYPTED;
    if (refusal) return this.#refuse(row, typed, refusal, found);
    await tellOfWait(this.#parts, row, room, () => this.#runFound(row, typed, room, found));
  }

  async #runFound(row: MatrixEventRow, typed: TypedCommand, room: KnownRoom, found: TypedLine): Promise<void> {
    let read: ReadLine;
    try {
      read = await readLine(found, await this.#context(room));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return this.#refuse(row, typed, { code: 'words', text: error.message }, found);
    }
    const { command } = found;
    const call = this.#call(row, typed, room, read);
    const ready: ReadyCommand = { command, call, args: read.args };
    if (read.isDryRun) return this.#carryOut.show(ready);
    if (command.effect === 'reads') return this.#confirmations.run(ready);
    if (!this.#begun.has(call.eventId) && this.#carryOut.isTooLate(call.typedAt))
      return this.#refuse(row, typed, { code: 'not-logged', text: tooLate(command) }, found);
    if (command.effect === 'destroys') return this.#confirmations.ask(ready, found.line);
    if (!(await this.#carryOut.begin(ready, 'begun'))) return this.#carryOut.tellNoAudit(call);
    this.#begun.add(call.eventId);
    await this.#confirmations.run(ready);
    this.#begun.delete(call.eventId);
  }

  #call(
    { event, attempts, trace, receivedAt }: MatrixEventRow,
    { repliesTo, underNotice }: TypedCommand,
    room: KnownRoom,
    { ticket }: ReadLine,
  ): CommandCall {
    const { sender, event_id: eventId, origin_server_ts: typedAt } = event;
    return {
      sender,
      room,
      eventId,
      typedAt,
      repliesTo,
      underNotice,
      trace,
      ticket,
      confirmedBy: undefined,
      attempts,
      isRepeat: attempts > 0 || receivedAt < this.#startedAt,
    };
  }

  #refuse(row: MatrixEventRow, typed: TypedCommand, refusal: LineRefusal, found?: FoundCommand): Promise<void> {
    return refuseLine({ ...this.#parts, context: this.#context }, row, typed, refusal, found);
  }

  readonly #context = (room: KnownRoom): Promise<ReadContext> => contextIn(this.#parts, room);
}
