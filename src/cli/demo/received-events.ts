/** What a real client received, in order, each with the shield that Element would draw beside it. */
import { EventEmitter } from 'node:events';
import type { MatrixClient, MatrixEvent } from 'matrix-js-sdk';

/**
 * What Element shows beside a message. `none`: encrypted, and nothing to warn of. `plain`: not encrypted. `undecryptable`: "unable to
 * decrypt". `before-login`: sent before this device was there, which Element says without alarm. `pending`: not looked at yet.
 */
export type Shield = 'none' | 'grey' | 'red' | 'plain' | 'undecryptable' | 'before-login' | 'pending';

/** A room event as the client sees it, decrypted. It changes when its key comes later. */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly roomId: string;
  readonly sender: string;
  /** After decryption, e.g. `m.room.message`. */
  readonly type: string;
  readonly stateKey: string | undefined;
  /** After decryption, as sent: later edits are events of their own. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly shield: Shield;
  /** Why the shield is not `none`: the client's code. */
  readonly shieldReason: string | undefined;
  /** When the client had it decrypted, Unix ms. */
  readonly at: number;
}

type Recorded = { -readonly [Key in keyof ReceivedEvent]: ReceivedEvent[Key] };

// State, redactions and reactions are never encrypted by any client, and none warns of it.
const NEVER_ENCRYPTED = new Set(['m.room.redaction', 'm.reaction']);
const NO_WARNING: ReadonlySet<Shield> = new Set(['none', 'before-login', 'pending']);

/** The event that an event is a reply to. */
export function repliesTo({ content }: Pick<ReceivedEvent, 'content'>): string | undefined {
  const relation = content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined;
  return relation?.['m.in_reply_to']?.event_id;
}

/** Emits `change` whenever an event came or became readable. */
export class ReceivedEvents extends EventEmitter {
  readonly #events = new Map<string, Recorded>();
  readonly #redacted = new Set<string>();
  readonly #client: MatrixClient;

  constructor(client: MatrixClient) {
    super({ captureRejections: false });
    this.setMaxListeners(0);
    this.#client = client;
    const on = client.on.bind(client) as (event: string, listener: (event: MatrixEvent) => void) => void;
    on('event', (event) => this.#add(event));
  }

  /** In the order in which they came. */
  all(): readonly ReceivedEvent[] {
    return [...this.#events.values()];
  }

  /** The timeline of a room: what people wrote, without state. */
  messages(roomId: string): readonly ReceivedEvent[] {
    return this.all().filter((event) => event.roomId === roomId && event.stateKey === undefined);
  }

  isRedacted(eventId: string): boolean {
    return this.#redacted.has(eventId);
  }

  /** Every message that Element would show with a warning, or could not show at all. What is being decrypted at this moment does not count. */
  warnings(): readonly ReceivedEvent[] {
    return this.all().filter(
      ({ stateKey, type, shield }) => stateKey === undefined && !NEVER_ENCRYPTED.has(type) && !NO_WARNING.has(shield),
    );
  }

  #add(event: MatrixEvent): void {
    const eventId = event.getId();
    const roomId = event.getRoomId();
    // The SDK also announces account data and presence, and some state twice.
    if (eventId === undefined || roomId === undefined || this.#events.has(eventId)) return;
    const stateKey = event.getWireType() === 'm.room.encrypted' ? undefined : event.getStateKey();
    const recorded: Recorded = {
      eventId,
      roomId,
      sender: event.getSender() ?? '',
      type: event.getType(),
      stateKey,
      content: event.getOriginalContent(),
      shield: event.isEncrypted() ? 'pending' : 'plain',
      shieldReason: undefined,
      at: Date.now(),
    };
    this.#events.set(eventId, recorded);
    if (recorded.type === 'm.room.redaction') {
      const redacts = event.event.redacts ?? recorded.content['redacts'];
      if (typeof redacts === 'string') this.#redacted.add(redacts);
    }
    if (event.isEncrypted()) {
      const on = event.on.bind(event) as (name: string, listener: () => void) => void;
      on('Event.decrypted', () => void this.#update(event, recorded));
      void this.#update(event, recorded);
    }
    this.emit('change');
  }

  async #update(event: MatrixEvent, recorded: Recorded): Promise<void> {
    if (event.isRedacted()) {
      // There is nothing left to read, nor to warn of.
      recorded.shield = 'none';
    } else if (event.isDecryptionFailure()) {
      const reason = event.decryptionFailureReason ?? undefined;
      recorded.shield = reason?.startsWith('HISTORICAL_MESSAGE_') ? 'before-login' : 'undecryptable';
      recorded.shieldReason = reason;
    } else if (event.getClearContent() !== null) {
      const crypto = this.#client.getCrypto();
      const information = await crypto?.getEncryptionInfoForEvent(event);
      if (!information) return;
      recorded.type = event.getType();
      recorded.content = event.getOriginalContent();
      // The SDK's numbers: it is loaded at run time, so its enum is not at hand here.
      recorded.shield = (['none', 'grey', 'red'] as const)[information.shieldColour] ?? 'red';
      recorded.shieldReason = information.shieldReason === null ? undefined : String(information.shieldReason);
      recorded.at = Date.now();
    } else {
      return;
    }
    this.emit('change');
  }
}
