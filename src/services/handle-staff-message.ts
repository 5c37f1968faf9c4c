import { parseEventId, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import { outgoingKind, type OutgoingKind } from '../policy/outgoing-kind.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Handled } from '../model/handled.ts';
import { ANSWERED, kindOf, type KnownRoom } from './known-room.ts';
import type { NoteSaid } from './note-said.ts';
import type { Notifier } from './notifier.ts';
import type { SendToContact } from './send-to-contact.ts';

/** What somebody typed that is a command, or looks like one. */
export interface TypedCommand {
  readonly text: string;
  /** The formatted body, which has the mentions. */
  readonly formattedBody?: unknown;
  /** The event that it answers. */
  readonly repliesTo: EventId | undefined;
  /** The notice of the bot under which a sign stood for it: there it is answered. Left out where it was typed. */
  readonly underNotice?: EventId | undefined;
  /** True where an earlier message was changed into it. */
  readonly isEdit: boolean;
  /** False where everybody on the way could read and write it. */
  readonly isEncrypted: boolean;
}

/** Runs a command that somebody typed; the answer is committed to the notice queue. Wired to `commands/` by the composition root. */
export type RunCommand = (row: MatrixEventRow, typed: TypedCommand, room: KnownRoom) => Promise<void>;

/** Takes a reaction to a question of the bot; undefined where it is to something else. Wired to `commands/` by the composition root. */
export type TakeReaction = (row: MatrixEventRow, room: KnownRoom) => Promise<Handled | undefined>;

/** What handling staff's messages needs. */
export interface HandleStaffMessageParts {
  readonly send: SendToContact;
  readonly runCommand: RunCommand;
  readonly takeReaction: TakeReaction;
  /** True where the person is being led through the setting up in this room: plain words are then the answer to the last question. */
  readonly isInSetup?: (user: UserId, roomId: RoomId) => Promise<boolean>;
  readonly events: MatrixEventStore;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  readonly prefix: string;
  /** Left out: nothing is archived. */
  readonly said?: NoteSaid | undefined;
}

/** What staff wrote in a conversation or in the command room. */
export class HandleStaffMessage {
  readonly #parts: HandleStaffMessageParts;

  constructor(parts: HandleStaffMessageParts) {
    this.#parts = parts;
  }

  /** A decrypted event: a command, a text for the patient, or something that must be said not to go. */
  async handle(
    row: MatrixEventRow,
    room: KnownRoom,
    clear: { readonly type: string; readonly content: Readonly<Record<string, unknown>> },
  ): Promise<Handled> {
    // Some clients encrypt reactions as well.
    if (clear.type === 'm.reaction') return this.reaction({ ...row, event: { ...row.event, ...clear } }, room);
    const outgoing = outgoingKind(clear.type, clear.content, this.#parts.prefix);
    if (outgoing.kind === 'ignored') return 'done';
    const note = () => this.#note(row, room, clear);
    if (outgoing.kind === 'command') {
      await this.#command(row, room, typedIn(outgoing, clear.content, true));
      await note();
      return 'done';
    }
    if (room.conversation === undefined) return this.#plainWords(row, room, clear.content, outgoing);
    if (outgoing.kind === 'not-sendable') return this.refuse(row, outgoing.why, note);
    const attachment = outgoing.kind === 'file' ? clear.content : undefined;
    return this.#parts.send.send(row, room.conversation, { text: outgoing.text, attachment }, note);
  }

  /** What people say to one another in rooms of no patient is nothing for the bridge, but for an answer to its own questions: a command like any other. */
  async #plainWords(
    row: MatrixEventRow,
    room: KnownRoom,
    content: Readonly<Record<string, unknown>>,
    outgoing: OutgoingKind,
  ): Promise<'done'> {
    const { isInSetup, runCommand, prefix } = this.#parts;
    if (outgoing.kind !== 'text' || !(await isInSetup?.(row.event.sender, room.roomId))) return 'done';
    const asCommand = (words: string) => `${prefix} setup ${words}`;
    const formatted = content['formatted_body'];
    const said = typeof formatted === 'string' ? { ...content, formatted_body: asCommand(formatted) } : content;
    await runCommand(row, typedIn({ text: asCommand(outgoing.text) }, said, true), room);
    return 'done';
  }

  /** Where people write among themselves, what begins like a command may be meant for another bot: only our own prefix counts. */
  async #command(row: MatrixEventRow, room: KnownRoom, typed: TypedCommand): Promise<'done'> {
    const [first = ''] = typed.text.split(/\s/u, 1);
    const isOurs = first.toLowerCase() === this.#parts.prefix.toLowerCase();
    if (isOurs || ANSWERED.has(kindOf(room))) await this.#parts.runCommand(row, typed, room);
    return 'done';
  }

  /** Says in a reply that the event did not go to the patient, and ends its row. */
  async refuse(row: MatrixEventRow, why: string, note?: () => Promise<void>): Promise<'settled'> {
    await this.#parts.transactions.run(async () => {
      await note?.();
      await this.#parts.send.notSent(row, why);
      await this.#parts.events.complete(row.id);
    });
    return 'settled';
  }

  /** A message in the clear into an encrypted room: nothing is done with it. */
  async notEncrypted(row: MatrixEventRow, room: KnownRoom): Promise<'settled' | 'done'> {
    const { type, content } = row.event;
    const outgoing = outgoingKind(type, content, this.#parts.prefix);
    if (outgoing.kind === 'command') return this.#command(row, room, typedIn(outgoing, content, false));
    // Other governed rooms may be in the clear, and what people write there is nothing for the bridge.
    if (!ANSWERED.has(kindOf(room))) return 'done';
    return this.refuse(row, 'it was not encrypted. Use a client that encrypts, such as Element.', () =>
      this.#note(row, room, { type, content }),
    );
  }

  /** For the archive, where it was said in a patient's room. */
  async #note(
    row: MatrixEventRow,
    { conversation }: KnownRoom,
    clear: { readonly type: string; readonly content: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    if (conversation !== undefined) await this.#parts.said?.staff(row, conversation, clear);
  }

  /** Patients see no reactions. Said once to each person in a room, since it is a habit and no mistake. */
  async reaction(row: MatrixEventRow, room: KnownRoom): Promise<Handled> {
    const taken = await this.#parts.takeReaction(row, room);
    if (taken !== undefined) return taken;
    if (room.conversation === undefined) return 'done';
    await this.#parts.notifier.say(
      room.roomId,
      'Reactions stay in this room: the patient does not see them. Write it in words.',
      {
        cause: `reaction-hint:${room.roomId}:${row.event.sender}`,
        trace: row.trace,
        replyTo: row.event.event_id,
      },
    );
    return 'done';
  }
}

function typedIn(
  { text, isEdit }: { readonly text: string; readonly isEdit?: true },
  content: Readonly<Record<string, unknown>>,
  isEncrypted: boolean,
): TypedCommand {
  const relation = content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: unknown } } | null | undefined;
  const repliesTo = parseEventId(relation?.['m.in_reply_to']?.event_id);
  return { text, formattedBody: content['formatted_body'], repliesTo, isEdit: isEdit === true, isEncrypted };
}
