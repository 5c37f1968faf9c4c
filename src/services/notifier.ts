import type { DeviceLabel } from '../model/device-label.ts';
import { newOpaqueId, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { NoticeStore } from '../ports/notice-store.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Transactions } from '../ports/transactions.ts';

/** Key under which the command room's id is kept. */
export const COMMAND_ROOM_SETTING = 'command-room';

/** What the notifier is made of. `wake` tells the notice queue that there is something new. */
export interface NotifierParts {
  readonly notices: NoticeStore;
  readonly settings: SettingsStore;
  readonly transactions: Transactions;
  readonly bot: UserId;
  readonly wake: () => void;
}

/**
 * Puts the bot's words into rooms by way of the durable notice queue. Inside a database transaction the words are committed with
 * their cause. The same `cause` speaks once.
 */
export class Notifier {
  readonly #parts: NotifierParts;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /** Says `text` in a room, as an answer to `replyTo` where given. */
  async say(
    roomId: RoomId,
    text: string,
    about: {
      cause: string;
      trace?: string;
      replyTo?: EventId;
      rememberAs?: string;
      /** The confirmation that the words ask for. */
      confirmation?: string;
      /** Users to mention, so that their clients notify them. */
      mentions?: readonly UserId[];
      /** Whoever is in the room is notified, as of what people write. */
      isAlarm?: boolean;
      /** The device that the words are about. */
      device?: { readonly userId: UserId; readonly device: DeviceLabel };
      /** The same for programs. */
      data?: JsonValue;
    },
  ): Promise<void> {
    await this.#add(roomId, this.#parts.bot, about, {
      kind: 'message',
      text,
      ...(about.replyTo && { replyTo: about.replyTo }),
      ...(about.rememberAs && { rememberAs: about.rememberAs }),
      ...(about.confirmation && { confirmation: about.confirmation }),
      ...(about.mentions && { mentions: about.mentions }),
      ...(about.isAlarm === true && { isAlarm: true }),
      ...(about.device && { device: about.device }),
      ...(about.data !== undefined && { data: about.data }),
    });
  }

  /** Takes back what was said with `rememberAs`. */
  async withdraw(roomId: RoomId, remembered: string, about: { cause: string; trace?: string }): Promise<void> {
    await this.#add(roomId, this.#parts.bot, about, { kind: 'withdraw', remembered });
  }

  /** Shows that the text of `eventId` reached the phone, as the ghost's read receipt. */
  async showDelivered(roomId: RoomId, ghost: UserId, eventId: EventId, trace: string): Promise<void> {
    await this.#add(roomId, ghost, { cause: `delivered:${eventId}`, trace }, { kind: 'receipt', eventId });
  }

  /** Says `text` in the command room. Before there is one, nothing is said: the log has it. */
  async tellAdmins(text: string, about: Parameters<Notifier['say']>[2]): Promise<void> {
    const room = await this.#parts.settings.get(COMMAND_ROOM_SETTING);
    if (room !== undefined) await this.say(room as RoomId, text, about);
  }

  async #add(
    roomId: RoomId,
    sender: UserId,
    about: { cause: string; trace?: string },
    notice: Parameters<NoticeStore['add']>[0]['notice'],
  ): Promise<void> {
    const { notices, transactions, wake } = this.#parts;
    const trace = about.trace ?? newOpaqueId(8);
    const isNew = await notices.add({ roomId, sender, notice, cause: about.cause, trace }, Date.now());
    if (isNew) transactions.afterCommit(wake);
  }
}
