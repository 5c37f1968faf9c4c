import { PermanentError, RetryableError, UserError } from '../errors.ts';
import type { JsonValue } from '../model/json.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Notifier } from '../services/notifier.ts';
import { auditId, commandEntry, type Asked } from './command-audit.ts';
import type { Answer, Command, CommandCall, ReadArguments } from './command.ts';

/** What carrying commands out needs. */
export interface CarryOutParts {
  readonly audit: AuditLog;
  readonly notifier: Notifier;
  readonly transactions: Transactions;
  /** Until when the database took nothing, Unix ms; undefined: it always did. */
  readonly awayUntil: () => number | undefined;
}

/** A command whose line was read and that may be run. */
export interface ReadyCommand {
  readonly command: Command;
  readonly call: CommandCall;
  readonly args: ReadArguments;
}

/** So often a fault that may pass is waited for; then people are told. */
const MAX_ATTEMPTS = 20;
/** An event has room for 65,536 bytes, and encryption makes a third more of it. */
const MAX_TEXT = 12_000;
const MAX_DATA = 20_000;

/** What is said where the audit log cannot be written. */
export const NO_AUDIT =
  'Refused: the audit log cannot be written, so nothing was done. Try again later, and tell your administrator.';

/** What is said, once the audit log can be written again, to what was typed while it could not be: nobody expects it to be done now. */
export function tooLate({ name }: Command): string {
  return `Not done: \`${name}\` was not carried out because the audit log could not be written. Type it again.`;
}

/** Runs commands, with the audit log written before anything changes and the outcome committed together with the words that tell it. */
export class CarryOut {
  readonly #parts: CarryOutParts;
  /** When the log last could not be written, Unix ms. */
  #failedAt = -Infinity;

  constructor(parts: CarryOutParts) {
    this.#parts = parts;
  }

  /** Writes down that something is about to be done. False where that cannot be written: then it must not be done (45 CFR 164.312(b)). */
  async begin(ready: ReadyCommand, step: 'begun' | 'asked'): Promise<boolean> {
    const { command, call, args } = ready;
    const details = call.confirmedBy && { confirmedBy: call.confirmedBy };
    const entry = commandEntry(askedBy(call), command, {
      step,
      args,
      ticket: call.ticket,
      ...(details && { details }),
    });
    try {
      await this.#parts.audit.append({ ...entry, id: auditId(entry.action, call.eventId, step) });
      return true;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.#failedAt = Date.now();
      return false;
    }
  }

  /** True where the log could not be written at some time since `typedAt`, Unix ms: see `tooLate`. */
  isTooLate(typedAt: number): boolean {
    return typedAt <= Math.max(this.#failedAt, this.#parts.awayUntil() ?? -Infinity);
  }

  /** Runs it. How it ended is for the caller to `tell`. */
  async run(ready: ReadyCommand): Promise<Told> {
    return caught(ready, () => ready.command.run(ready.call, ready.args));
  }

  /** Shows what it would do. */
  async show(ready: ReadyCommand): Promise<void> {
    const answer = await caught(ready, async () => {
      const preview = await ready.command.preview?.(ready.call, ready.args);
      if (preview === undefined) throw new UserError('This command changes nothing. Leave --dry-run out.');
      return { text: `Only shown, nothing was done.\n${preview.text}`, data: preview.facts, outcome: 'shown' as const };
    });
    await this.#parts.transactions.run(() => this.tell(ready, answer));
  }

  /** Tells how it ended; in the transaction of whoever calls. */
  async tell(ready: ReadyCommand, answer: Told): Promise<void> {
    const { command, call, args } = ready;
    const { outcome = 'done' } = answer;
    const { audit, notifier } = this.#parts;
    const { confirmedBy } = call;
    const entry = commandEntry(askedBy(call), command, {
      step: outcome === 'shown' ? 'shown' : 'ended',
      args,
      ticket: call.ticket,
      outcome: outcome === 'shown' ? 'done' : outcome,
      answer: answer as Answer,
      ...(confirmedBy && { details: { confirmedBy } }),
    });
    await audit.append({ ...entry, id: auditId(entry.action, call.eventId, 'ended') });
    if (answer.text === '') return;
    await notifier.say(call.room.roomId, cut(answer.text), {
      cause: confirmedBy === undefined ? `answer:${call.eventId}` : `answer:${call.eventId}:${command.name}`,
      trace: call.trace,
      replyTo: call.underNotice ?? call.eventId,
      data: dataOf(command, outcome, answer.data),
    });
  }

  /** Tells that nothing was done, where the audit log cannot have it. */
  async tellNoAudit({ room, eventId, underNotice, trace }: CommandCall): Promise<void> {
    const about = { cause: `answer:${eventId}`, trace, replyTo: underNotice ?? eventId };
    await this.#parts.notifier.say(room.roomId, NO_AUDIT, about);
  }
}

/** An answer with every way in which a command can end. */
export type Told = Omit<Answer, 'outcome'> & { readonly outcome?: Answer['outcome'] | 'refused' | 'shown' };

/** What goes along for programs. */
export function dataOf(
  command: Command,
  outcome: string,
  data: JsonValue | undefined,
): { readonly [key: string]: JsonValue } {
  const isTooLong = data !== undefined && JSON.stringify(data).length > MAX_DATA;
  return { command: command.name, outcome, ...(isTooLong ? { isDataLeftOut: true } : data !== undefined && { data }) };
}

/** As much of it as fits into one message. */
export function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n… (There is more than fits into one message.)`;
}

/** The answer, or what is said instead of one: what the caller did wrong, and faults that nobody waits for any more. Others are the queue's. */
async function caught({ call }: ReadyCommand, answer: () => Promise<Told>): Promise<Told> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof UserError) return { text: error.message, outcome: 'refused' };
    const isOver =
      error instanceof PermanentError || (error instanceof RetryableError && call.attempts >= MAX_ATTEMPTS);
    if (!isOver) throw error;
    return { text: notDone(error, call), outcome: 'failed' };
  }
}

/** The words for a fault that nobody waits for any more. */
export function notDone({ message }: PermanentError | RetryableError, { trace }: CommandCall): string {
  return `This could not be done: ${message} (Reference ${trace})`;
}

/** Whom the audit log names for a call. */
function askedBy({ sender, room, eventId, trace }: CommandCall): Asked {
  return { sender, roomId: room.roomId, eventId, trace };
}
