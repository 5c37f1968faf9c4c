import { UserError } from '../errors.ts';
import type { EventId, UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { ConfirmationEnd, PendingConfirmation } from '../ports/confirmation-store.ts';
import type { KnownRoom } from '../services/known-room.ts';
import { AskConfirmation, type AskConfirmationParts } from './ask-confirmation.ts';
import { askNext, type AskNextParts } from './ask-next.ts';
import { NO_AUDIT, tooLate, type ReadyCommand } from './carry-out.ts';
import { actionOf, auditId } from './command-audit.ts';
import { previewOf } from './command-preview.ts';
import type { Command, Preview } from './command.ts';
import { kept } from './confirmation-prompt.ts';
import { hashOf } from './fact-hash.ts';
import type { GateParts } from './gate.ts';
import { decisionRefusal } from './may-decide.ts';
import { findCommand, readLine } from './read-line.ts';

/** What confirmations need. */
export interface ConfirmationParts extends AskConfirmationParts, Omit<AskNextParts, 'asking'> {
  readonly policy: GateParts['policy'];
  readonly audit: AuditLog;
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
const REMOVED = 'The command was removed, so it is dropped. Nothing was done.';
const ALREADY = 'This was already decided.';

/**
 * Commands that wait for a yes. The yes is committed before the command is run, and the confirmation ends in the commit that tells the outcome: a
 * process that dies between finds the yes, and runs the command again for the same event id.
 */
export class Confirmations {
  readonly #parts: ConfirmationParts;
  readonly #asking: AskConfirmation;

  constructor(parts: ConfirmationParts) {
    this.#parts = parts;
    this.#asking = new AskConfirmation(parts);
  }

  /** Shows what the command would do and asks for a yes. */
  ask(ready: ReadyCommand, line: string): Promise<void> {
    return this.#asking.ask(ready, line);
  }

  /** Runs a command, and then tells how it ended and asks what it wants asked next, in one commit together with `ending`. */
  async run(ready: ReadyCommand, ending: () => Promise<void> = async () => undefined): Promise<void> {
    const { carryOut, transactions } = this.#parts;
    const answer = await carryOut.run(ready);
    const next = answer.next && (await askNext({ ...this.#parts, asking: this.#asking }, ready.call, answer.next));
    await transactions.run(async () => {
      await ending();
      await carryOut.tell(ready, answer);
      await next?.();
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
    const refusal = decisionRefusal(await this.#parts.policy.current(), command, found, decision);
    if (refusal !== undefined) {
      await this.#record(found, command, decision.by, 'refused', decision.event);
      return ignored(refusal.why, refusal.isForAll);
    }
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

  /** What was shown is no longer so: nothing is done, and it is shown anew. */
  async #supersede(
    found: PendingConfirmation,
    { by, event }: Decision,
    ready: ReadyCommand,
    preview: Preview,
  ): Promise<Decided> {
    const { store, transactions } = this.#parts;
    await transactions.run(async () => {
      if (!(await store.drop(found.id, 'superseded', by, Date.now()))) return;
      await this.#record(found, ready.command, by, 'superseded', event);
      const text = `Refused: this has changed since it was shown. Nothing was done. Now:\n\n${preview.text}`;
      await this.#asking.prompt(ready, kept(found).line, { ...preview, text }, event);
    });
    return TAKEN;
  }

  async #expire(found: PendingConfirmation, name: string): Promise<Decided> {
    return this.#end(found, 'carebridge', 'expired', `Nobody confirmed \`${name}\` in time. It was not done.`);
  }

  /** Ends it without having done it, and says so in answer to the command. */
  async #end(
    found: PendingConfirmation,
    by: UserId | 'carebridge',
    end: Exclude<ConfirmationEnd, 'confirmed'>,
    text: string,
  ): Promise<Decided> {
    const { store, notifier, transactions, byName } = this.#parts;
    const { line, trace } = kept(found);
    await transactions.run(async () => {
      // Where somebody has said yes by now, it is being done.
      const isEnded = await (found.confirmed === undefined
        ? store.drop(found.id, end, by, Date.now())
        : store.end(found.id, end, by, Date.now()));
      if (!isEnded) return;
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
      action,
      actor,
      outcome: 'refused',
      roomId: found.roomId,
      sourceEvent,
      cause: `event:${found.commandEvent}`,
      trace: kept(found).trace,
      details: { step: 'confirmation', confirmation: how, requestedBy: found.requestedBy },
    });
  }
}

function ignored(why: string, isForAll = false): Decided {
  return { outcome: 'ignored', why, isForAll };
}
