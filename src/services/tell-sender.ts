import { parkingOf } from '../model/parked.ts';
import type { OutboxKind, OutboxRow } from '../model/rows.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Notifier } from './notifier.ts';

const KIND_IN_WORDS: Readonly<Record<OutboxKind, string>> = {
  message: 'This message',
  warning: 'The risk warning to the patient',
  'stop-confirmation': 'The confirmation of the opt-out',
  help: 'The answer to HELP',
  'identity-question': 'The question for the date of birth',
};

/** What to do where nobody knows whether it left. A warning is asked once: to repeat it is the patient's or the staff's decision, not ours. */
const AFTER_UNKNOWN: Readonly<Record<OutboxKind, string>> = {
  message: 'Ask the patient, or send it again.',
  warning: 'Call the patient: what they say can be attested with the command `consent record`.',
  'stop-confirmation': 'The opt-out counts all the same.',
  help: 'The patient can text HELP again.',
  'identity-question': 'Call the patient, or ask again with the command `identity ask`.',
};

/** Tells whoever wrote a text, in a reply to that very message, what became of it. */
export class TellSender {
  readonly #conversations: ConversationStore;
  readonly #notifier: Notifier;

  constructor(conversations: ConversationStore, notifier: Notifier) {
    this.#conversations = conversations;
    this.#notifier = notifier;
  }

  /** It did not reach the patient, and will not by itself. `why` ends with what to do. */
  async notSent(row: OutboxRow, why: string): Promise<void> {
    await this.#say(row, 'not-sent', `${KIND_IN_WORDS[row.kind]} was not sent: ${why}`);
  }

  /** It was given up, and an administrator has it tried again. */
  async retried(row: OutboxRow, now: number): Promise<void> {
    const text = `${KIND_IN_WORDS[row.kind]} is sent after all: an administrator has retried it. Do not send it once more.`;
    await this.#say({ ...row, retriedAt: now }, 'retried', text);
  }

  /** The carrier took it and gave it up later. */
  async failed(row: OutboxRow, why: string): Promise<void> {
    await this.#say(row, 'failed', `${KIND_IN_WORDS[row.kind]} was not delivered: ${why}`);
  }

  /** Nobody can tell whether it left. */
  async unknown(row: OutboxRow): Promise<void> {
    const text = `${KIND_IN_WORDS[row.kind]} may or may not have reached the patient: the connection broke while it was handed over. It is not repeated automatically. ${AFTER_UNKNOWN[row.kind]}`;
    await this.#say(row, 'unknown', text);
  }

  async #say(row: OutboxRow, what: string, text: string): Promise<void> {
    const roomId = row.roomId ?? (await this.#conversations.find(row.conversationId))?.roomId;
    const about = { cause: `${what}:${parkingOf(row)}`, trace: row.trace };
    if (roomId === undefined) {
      const where = `On line ${row.lineId}, to a number whose room is not made yet`;
      return this.#notifier.tellAdmins(`${where}: ${text} (Reference ${row.trace})`, about);
    }
    await this.#notifier.say(roomId, `${text} (Reference ${row.trace})`, {
      ...about,
      ...(row.eventId && { replyTo: row.eventId }),
    });
  }
}
