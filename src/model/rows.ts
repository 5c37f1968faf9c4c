/** The durable rows. Each is written before anything is acknowledged, and is the only truth about its message. */
import type { DeliveryState, FailureReason } from './delivery.ts';
import type { DeviceLabel } from './device-label.ts';
import type { ConversationId, EventId, LineId, RoomId, UserId } from './ids.ts';
import type { JsonValue } from './json.ts';
import type { PhoneNumber } from './phone-number.ts';

/** What the queue needs to know of any row. */
export interface QueueRow {
  readonly id: string;
  /** Rows of one lane run one after another, in the order they were committed; lanes run side by side. */
  readonly lane: string;
  /** How often it has been tried. */
  readonly attempts: number;
  /** Short id that ties log lines and the words shown to staff together. */
  readonly trace: string;
  /** When a person had it tried again after it was given up, Unix ms; left out: never. */
  readonly retriedAt?: number;
}

/** A file that came with or goes with a text. `url` is the carrier's, to be fetched with the carrier's own client. */
export interface MediaReference {
  readonly url: string;
  readonly contentType: string;
}

/** A text whose whole body is one of the words that act by themselves. */
export type Keyword = 'stop' | 'start' | 'help' | 'yes' | 'no';

/** A text that came from a carrier. Its sender, `body` and `media` are PHI and wiped when done. */
export interface InboxRow extends QueueRow {
  readonly carrier: string;
  /** The carrier's own id: unique within the carrier. */
  readonly carrierMessageId: string;
  /** Undefined where no line has the number that it was sent to: it is parked until one has. */
  readonly lineId: LineId | undefined;
  /** Where there is no line: the number it was sent to, as the carrier wrote it. */
  readonly to?: string;
  /** Undefined where the sender is no full number, such as a short code, and cannot be answered: it is parked, and a retry puts it before the security room. */
  readonly from: PhoneNumber | undefined;
  /** Where there is no number: the sender as the carrier wrote it. */
  readonly sender?: string;
  readonly body: string;
  readonly media: readonly MediaReference[];
  readonly keyword: Keyword | undefined;
  /** Unix time, ms, when it was committed. */
  readonly receivedAt: number;
  /** How many of its parts, the words and then each file, were in the room when it was last given up or put off. */
  readonly partsSent: number;
}

/** Why an outbound text exists. Only `message` may carry PHI. */
export type OutboxKind = 'message' | 'warning' | 'stop-confirmation' | 'help' | 'identity-question';

/** A text that must go to a carrier. */
export interface OutboxRow extends QueueRow {
  readonly kind: OutboxKind;
  readonly state: DeliveryState;
  readonly conversationId: ConversationId;
  readonly lineId: LineId;
  readonly to: PhoneNumber;
  readonly body: string;
  /** The Matrix file to send along, as an encrypted-file content (`m.image` etc.), or undefined. */
  readonly attachment: Readonly<Record<string, unknown>> | undefined;
  /** The room event that caused it, to which failures are replied; undefined for automatic texts. */
  readonly eventId: EventId | undefined;
  readonly roomId: RoomId | undefined;
  readonly createdAt: number;
  readonly failure: FailureReason | undefined;
}

/** Something the bot or a ghost must put into a room, once. */
export interface NoticeRow extends QueueRow {
  readonly roomId: RoomId;
  readonly sender: UserId;
  readonly notice: Notice;
}

/** Where in an event's content a notice's data is. */
export const ANSWER_KEY = 'org.carebridge.answer';

/** Put under a notice about a device as a reaction, this ends the device's session. Unlike ✅ nobody takes it for "seen". */
export const END_DEVICE_SIGN = '🛑';

/** What to put into the room. */
export type Notice =
  | {
      readonly kind: 'message';
      readonly text: string;
      /** The event it answers. */
      readonly replyTo?: EventId;
      /** Under this key the sent event's id is kept, for a later `withdraw`. */
      readonly rememberAs?: string;
      /** The confirmation that this asks for: it is told the sent event's id. */
      readonly confirmation?: string;
      /** Whom it mentions: their clients ring. */
      readonly mentions?: readonly UserId[];
      /** Clients notify of it as of what people write. Of the bot's other words they do not. */
      readonly isAlarm?: true;
      /** The device that this is about: what END_DEVICE_SIGN under it ends. */
      readonly device?: { readonly userId: UserId; readonly device: DeviceLabel };
      /** The same for programs: encrypted with the rest of the event, under ANSWER_KEY. */
      readonly data?: JsonValue;
    }
  /** Marks the event as read by the sender: for the team, "delivered". */
  | { readonly kind: 'receipt'; readonly eventId: EventId }
  /** Takes an earlier message back that was kept under `remembered`. */
  | { readonly kind: 'withdraw'; readonly remembered: string };

/** One room event as the homeserver delivered it. The content may be PHI: the column is encrypted. */
export interface MatrixEventRow extends QueueRow {
  readonly event: MatrixEvent;
  readonly receivedAt: number;
}

/** A room event of the client-server API, as transactions carry it. */
export interface MatrixEvent {
  readonly type: string;
  readonly room_id: RoomId;
  readonly event_id: EventId;
  readonly sender: UserId;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly redacts?: string;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}
