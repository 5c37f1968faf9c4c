import { PermanentError, RetryableError, UserError } from '../errors.ts';
import type { EventId, UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { ConfirmationEnd, ConfirmationStore, PendingConfirmation } from '../ports/confirmation-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Notifier } from '../services/notifier.ts';
import { NO_AUDIT, notDone, tooLate, type CarryOut, type ReadyCommand } from './carry-out.ts';
import { actionOf, auditId } from './command-audit.ts';
import type { Answer, Command, CommandCall, Preview } from './command.ts';
import { codeOf, keep, kept, promptFor } from './confirmation-prompt.ts';
import { hashOf } from './fact-hash.ts';
import { commandRefusal, personRefusal, type CommandGate, type GateParts } from './gate.ts';
import type { ReadContext } from './read-context.ts';
import { findCommand, readLine } from './read-line.ts';

/** What confirmations need. */
export interface ConfirmationParts {
  readonly store: ConfirmationStore;
  readonly policy: GateParts['policy'];
  readonly gate: CommandGate;
  readonly carryOut: CarryOut;
  readonly audit: AuditLog;
  readonly notifier: Notifier;
  readonly transactions: Transactions;
  readonly byName: ReadonlyMap<string, Command>;
  readonly context: (room: KnownRoom) => Promise<ReadContext>;
  readonly prefix: string;
  /** How long a yes is waited for, ms. */
  readonly waitMs: number;
}

/** A yes or a no, by a reaction or by `confirm` and `cancel`. */
export interface Decision {
  readonly isYes: boolean;
  /** It was typed, encrypted by a device that is believed; a reaction may be of any session that has the password, or of the homeserver. */
  readonly isTyped: boolean;
  readonly by: UserId;
  /** The event that said it. */
  readonly event: EventId;
  /** When, by the homeserver's clock, Unix ms. */
  readonly at: number;
  readonly room: KnownRoom;
  /** How often this event was handled before. */
  readonly attempts: number;
}

/** What became of a decision: `taken`, with what was said in answer to the command, or not, with why for whoever decided. */
export type Decided =
  { readonly outcome: 'taken' } | { readonly outcome: 'ignored'; readonly why: string; readonly isForAll: boolean };

const TAKEN: Decided = { outcome: 'taken' };
const NOT_YOURS = 'Refused: you may not decide this.';
const SECOND_PERSON = 'Somebody else must confirm this: it needs two people.';
const NOT_TYPED =
  'The yes of somebody else than who asked is typed, on a verified device, with the code in the question. A reaction does not prove whose it is.';
const REMOVED = 'The command was removed, so it is dropped. Nothing was done.';
const ALREADY = 'It is decided already.';

/**
 * Commands that wait for a yes. The yes is committed before the command is run, and the confirmation ends in the commit that tells the outcome: a
 * process that dies between finds the yes, and runs the command again for the same event id.
 */
export class Confirmations {
  readonly #parts: ConfirmationParts;

  constructor(parts: ConfirmationParts) {
    this.#parts = parts;
  }

  /** Shows what the command would do and asks for a yes. */
  async ask(ready: ReadyCommand, line: string): Promise<void> {
    const { carryOut, transactions } = this.#parts;
    const preview = await previewOf(ready);
    if ('refused' in preview) {
      return transactions.run(() => carryOut.tell(ready, { text: preview.refused, outcome: preview.outcome }));
    }
    if (preview.isNothingToDo) {
      return transactions.run(() =>
        carryOut.tell(ready, { text: preview.text, data: preview.facts, outcome: 'shown' }),
      );
    }
    if (!(await carryOut.begin(ready, 'asked'))) return carryOut.tellNoAudit(ready.call);
    await transactions.run(() => this.#prompt(ready, line, preview, ready.call.eventId));
  }

  /** Runs a command, and then tells how it ended and asks what it wants asked next, in one commit together with `ending`. */
  async run(ready: ReadyCommand, ending: () => Promise<void> = async () => undefined): Promise<void> {
    const { carryOut, transactions } = this.#parts;
    const answer = await carryOut.run(ready);
    const askNext = answer.next && (await this.#next(ready.call, answer.next));
    await transactions.run(async () => {
      await ending();
      await carryOut.tell(ready, answer);
      await askNext?.();
    });
  }

  /** Takes a decision. Safe to repeat for the same event. */
  async decide(found: PendingConfirmation, decision: Decision): Promise<Decided> {
    if (found.roomId !== decision.room.roomId) return ignored('Confirm it in the room where it was asked.');
    const isRepeat = found.confirmed?.event === decision.event;
    if (found.confirmed !== undefined && !isRepeat) return ignored(ALREADY);
    const command = findCommand(this.#parts.byName, kept(found).line)?.command;
    if (command === undefined)
      return this.#end(found, decision.by, 'cancelled', 'There is no such command any more. Nothing was done.');
    if (isRepeat) return this.#carryOut(found, decision, command);
    const why = await this.#refusal(found, command, decision);
    if (why !== undefined) return this.#refuse(found, command, decision, why);
    if (!decision.isYes)
      return this.#end(found, decision.by, 'cancelled', `Dropped: \`${command.name}\` was not done.`);
    if (Date.now() >= found.expiresAt) return this.#expire(found, command.name);
    return this.#carryOut(found, decision, command);
  }

  /** Somebody removed the command, or the question: what nobody said yes to yet is dropped. */
  async dropRemoved(removed: EventId, by: UserId): Promise<void> {
    const { store } = this.#parts;
    const asked = await store.findByPrompt(removed);
    for (const found of [...(await store.findByCommand(removed)), ...(asked ? [asked] : [])]) {
      if (found.confirmed === undefined) await this.#end(found, by, 'cancelled', REMOVED);
    }
  }

  /** Ends what nobody confirmed in time, and says so. */
  async endExpired(): Promise<void> {
    const { store, byName } = this.#parts;
    for (const found of await store.expired(Date.now())) {
      await this.#expire(found, findCommand(byName, kept(found).line)?.command.name ?? 'this');
    }
  }

  /** Why whoever decided may not. */
  async #refusal(
    found: PendingConfirmation,
    command: Command,
    { by, isYes, isTyped }: Decision,
  ): Promise<string | undefined> {
    const policy = await this.#parts.policy.current();
    const mayApprove = personRefusal(policy, by, 'approve') === undefined;
    const mayRun = commandRefusal(policy, by, command) === undefined;
    const isOwn = by === found.requestedBy;
    if (!isYes) return isOwn || mayRun || mayApprove ? undefined : NOT_YOURS;
    if (found.needsSecondPerson && isOwn) return SECOND_PERSON;
    if (!(found.needsSecondPerson ? mayApprove : mayRun)) return NOT_YOURS;
    return isOwn || isTyped ? undefined : NOT_TYPED;
  }

  async #carryOut(found: PendingConfirmation, decision: Decision, command: Command): Promise<Decided> {
    const { gate, carryOut, store } = this.#parts;
    const { by, event } = decision;
    const isRepeat = found.confirmed !== undefined;
    const cancel = (why: string) => this.#end(found, by, 'cancelled', why);
    if (!isRepeat && carryOut.isTooLate(decision.at)) return cancel(tooLate(command));
    const refusal = isRepeat ? undefined : await gate.refusal(command, found.requestedBy, decision.room);
    if (refusal) return cancel(refusal.text);
    const ready = await this.#ready(found, decision, command);
    if ('refused' in ready) return cancel(ready.refused);
    if (!isRepeat) {
      const preview = await previewOf(ready);
      if ('refused' in preview) return cancel(preview.refused);
      if (preview.isNothingToDo) return cancel(preview.text);
      if (hashOf(command.name, ready.args, preview.facts) !== found.previewHash) {
        return this.#supersede(found, decision, ready, preview);
      }
      if (!(await carryOut.begin(ready, 'begun'))) return ignored(NO_AUDIT, true);
      if (!(await store.confirm(found.id, { by, event, at: Date.now() }))) return ignored(ALREADY);
    }
    await this.run(ready, async () => void (await store.end(found.id, 'confirmed', by, Date.now())));
    return TAKEN;
  }

  /** The command as it was asked for, read anew. */
  async #ready(
    found: PendingConfirmation,
    decision: Decision,
    command: Command,
  ): Promise<ReadyCommand | { refused: string }> {
    const { line, repliesTo, trace } = kept(found);
    const { room, by: confirmedBy, at: typedAt, attempts } = decision;
    try {
      const context = await this.#parts.context(room);
      const { args, ticket } = await readLine(findCommand(this.#parts.byName, line)!, context);
      const isRepeat = found.confirmed !== undefined;
      const call = {
        sender: found.requestedBy,
        room,
        eventId: found.commandEvent,
        typedAt,
        repliesTo,
        trace,
        ticket,
        confirmedBy,
        isRepeat,
        attempts,
      };
      return { command, call, args };
    } catch (error) {
      if (error instanceof UserError) return { refused: error.message };
      throw error;
    }
  }

  /** What asks about the next command; undefined where it is not to be asked about, or cannot be shown at this moment. */
  async #next(call: CommandCall, next: NonNullable<Answer['next']>): Promise<(() => Promise<void>) | undefined> {
    const { byName, gate, carryOut, context } = this.#parts;
    const found = findCommand(byName, next.line);
    if (found === undefined || (await gate.refusal(found.command, call.sender, call.room))) return undefined;
    try {
      const { args } = await readLine(found, await context(call.room));
      const own = { ...call, repliesTo: undefined, confirmedBy: undefined, isRepeat: false };
      const ready: ReadyCommand = { command: found.command, call: own, args };
      const preview = await previewOf(ready);
      if ('refused' in preview || preview.isNothingToDo || !(await carryOut.begin(ready, 'asked'))) return undefined;
      const text = `${next.ask}\n${preview.text}`;
      return () => this.#prompt(ready, next.line, { ...preview, text }, `${call.eventId} ${next.line}`);
    } catch (error) {
      if (error instanceof UserError || error instanceof RetryableError) return undefined;
      throw error;
    }
  }

  /** Commits the question and its words; in the transaction of whoever calls. `cause` is what made it necessary. */
  async #prompt({ command, call, args }: ReadyCommand, line: string, preview: Preview, cause: string): Promise<void> {
    const { store, notifier, prefix, waitMs } = this.#parts;
    const id = codeOf(cause);
    const expiresAt = Date.now() + waitMs;
    const { needsSecondPerson } = command;
    const isNew = await store.add({
      ...{ id, roomId: call.room.roomId, commandEvent: call.eventId, promptEvent: undefined, requestedBy: call.sender },
      ...{ commandLine: keep({ line, repliesTo: call.repliesTo, trace: call.trace }), needsSecondPerson, expiresAt },
      ...{ previewHash: hashOf(command.name, args, preview.facts), confirmed: undefined },
    });
    if (!isNew) return;
    const { text, data } = promptFor({ id, command, preview, prefix, expiresAt });
    await notifier.say(call.room.roomId, text, {
      ...{ cause: `confirm:${id}`, trace: call.trace, replyTo: call.eventId, data, confirmation: id },
    });
  }

  /** What was shown is no longer so: nothing is done, and it is shown anew. */
  async #supersede(
    found: PendingConfirmation,
    { by, event }: Decision,
    ready: ReadyCommand,
    preview: Preview,
  ): Promise<Decided> {
    const { store, transactions } = this.#parts;
    await transactions.run(async () => {
      if (!(await store.end(found.id, 'superseded', by, Date.now()))) return;
      await this.#record(found, ready.command, by, 'superseded', event);
      const text = `Refused: this has changed since it was shown. Nothing was done. Now:\n\n${preview.text}`;
      await this.#prompt(ready, kept(found).line, { ...preview, text }, event);
    });
    return TAKEN;
  }

  async #refuse(found: PendingConfirmation, command: Command, { by, event }: Decision, why: string): Promise<Decided> {
    await this.#record(found, command, by, 'refused', event);
    return ignored(why, why === SECOND_PERSON || why === NOT_TYPED);
  }

  async #expire(found: PendingConfirmation, name: string): Promise<Decided> {
    return this.#end(found, 'carebridge', 'expired', `Nobody confirmed \`${name}\` in time. It was not done.`);
  }

  /** Ends it without having done it, and says so in answer to the command. */
  async #end(
    found: PendingConfirmation,
    by: UserId | 'carebridge',
    end: ConfirmationEnd,
    text: string,
  ): Promise<Decided> {
    const { store, notifier, transactions, byName } = this.#parts;
    const { line, trace } = kept(found);
    await transactions.run(async () => {
      if (!(await store.end(found.id, end, by, Date.now()))) return;
      await this.#record(found, findCommand(byName, line)?.command, by, end, found.commandEvent);
      const cause = `confirm:${found.id}:${end}`;
      await notifier.say(found.roomId, text, { cause, trace, replyTo: found.commandEvent });
    });
    return TAKEN;
  }

  async #record(
    found: PendingConfirmation,
    command: Command | undefined,
    actor: UserId | 'carebridge',
    how: ConfirmationEnd | 'refused',
    sourceEvent: EventId,
  ): Promise<void> {
    const action = command ? actionOf(command) : 'command.unknown';
    await this.#parts.audit.append({
      id: auditId(action, sourceEvent, `${how}:${found.id}`),
      ...{ action, actor, outcome: 'refused', roomId: found.roomId },
      ...{ sourceEvent, cause: `event:${found.commandEvent}`, trace: kept(found).trace },
      details: { step: 'confirmation', confirmation: how, requestedBy: found.requestedBy },
    });
  }
}

function ignored(why: string, isForAll = false): Decided {
  return { outcome: 'ignored', why, isForAll };
}

/** `failed`: what it needs to know it cannot know now, and the caller is not to blame. */
type NoPreview = { readonly refused: string; readonly outcome: 'refused' | 'failed' };

async function previewOf({ command, call, args }: ReadyCommand): Promise<Preview | NoPreview> {
  if (command.preview === undefined) throw new TypeError('a command that only reads is never confirmed');
  try {
    return await command.preview(call, args);
  } catch (error) {
    if (error instanceof UserError) return { refused: error.message, outcome: 'refused' };
    if (error instanceof PermanentError) return { refused: notDone(error, call), outcome: 'failed' };
    throw error;
  }
}
