import { parkingOf } from '../model/parked.ts';
import type { InboxRow, MatrixEventRow, NoticeRow, OutboxRow, QueueRow } from '../model/rows.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import { COMMAND_ROOM_SETTING, type Notifier } from './notifier.ts';
import type { TellSender } from './tell-sender.ts';

/** What reporting needs. */
export interface ReportParkedParts {
  readonly notifier: Notifier;
  readonly tell: TellSender;
  readonly outbox: OutboxStore;
  readonly settings: SettingsStore;
  readonly transactions: Transactions;
  readonly prefix: string;
}

/** Tells people what the bridge gave up, with the reference that the log has too. */
export class ReportParked {
  readonly #parts: ReportParkedParts;

  constructor(parts: ReportParkedParts) {
    this.#parts = parts;
  }

  /** A patient's text could not be put into its room. */
  async inbox(row: InboxRow): Promise<void> {
    await this.#tellAdmins(
      'inbox',
      row,
      `A patient's text ${whereTo(row)} could not be put into its room. It is kept. ${this.#retry(row)}`,
    );
  }

  /** STOP, START, HELP, YES or NO of a patient could not be acted on. The text itself goes to its room all the same. */
  async keyword(row: InboxRow): Promise<void> {
    const { keyword = 'keyword' } = row;
    const what =
      keyword === 'stop' ? 'Do not text this patient, and record it with `consent revoke`.' : 'Call the patient.';
    await this.#tellAdmins(
      'keyword',
      row,
      `A patient's ${keyword.toUpperCase()} ${whereTo(row)} could not be acted on. ${what} ${this.#retry(row)}`,
    );
  }

  /** A text could not be handed to the carrier in all attempts. */
  async outbox(row: OutboxRow): Promise<void> {
    await this.#parts.transactions.run(async () => {
      await this.#parts.outbox.advance(row.id, 'parked');
      await this.#parts.tell.notSent(
        row,
        'the carrier did not take it in all attempts. Call the patient, or send it again later.',
      );
      await this.#tellAdmins(
        'outbox',
        row,
        `A text on line ${row.lineId} was given up: the carrier did not take it. Check the line.`,
      );
    });
  }

  /** A room event could not be handled. */
  async matrixEvent(row: MatrixEventRow): Promise<void> {
    const { room_id: roomId, event_id: replyTo } = row.event;
    const text = `This could not be handled and was not sent. Send it again, or call. (Reference ${row.trace})`;
    if (row.event.type === 'm.room.encrypted') {
      await this.#parts.notifier.say(roomId, text, { cause: `parked:${parkingOf(row)}`, trace: row.trace, replyTo });
    }
    await this.#tellAdmins('event', row, `An event in room ${roomId} could not be handled.`);
  }

  /** The bot could not say something. Where even the command room cannot be told, only the log has it. */
  async notice(row: NoticeRow): Promise<void> {
    if (row.roomId === (await this.#parts.settings.get(COMMAND_ROOM_SETTING))) return;
    await this.#tellAdmins(
      'notice',
      row,
      `Something could not be shown in room ${row.roomId}. Is the room still encrypted, and the bot in it?`,
    );
  }

  /**
   * A row that cannot be decrypted, in the transaction in which it is given up. What the archive queue has of them stays there, and is taken up when it
   * can be read.
   */
  async unreadable(row: Pick<QueueRow, 'id' | 'trace' | 'retriedAt'> & { readonly table: string }): Promise<void> {
    const { table, trace } = row;
    await this.#parts.notifier.tellAdmins(
      `Something in the table ${table} cannot be decrypted: its key is missing, or it was changed. It was given up, and is kept. (Reference ${trace})`,
      { cause: `unreadable:${table}:${parkingOf(row)}`, trace },
    );
  }

  #retry({ trace }: QueueRow): string {
    return `To try it again: \`${this.#parts.prefix} parked retry ${trace}\`.`;
  }

  async #tellAdmins(table: string, row: QueueRow, text: string): Promise<void> {
    await this.#parts.notifier.tellAdmins(`${text} (Reference ${row.trace})`, {
      cause: `parked-admins:${table}:${parkingOf(row)}`,
      trace: row.trace,
    });
  }
}

function whereTo({ lineId }: InboxRow): string {
  return lineId === undefined ? 'to a number that no line has' : `on line ${lineId}`;
}
