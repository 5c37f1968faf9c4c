import type { DeliveryState, FailureReason } from '../model/delivery.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { MediaReference } from '../model/rows.ts';

/** One text to hand to a carrier. */
export interface OutboundSms {
  /** Our outbox id: given to the carrier as idempotency key or reference where it takes one. */
  readonly id: string;
  /** The line's number. */
  readonly from: PhoneNumber;
  readonly to: PhoneNumber;
  readonly text: string;
}

/** A file to send along, in the clear, in memory only. */
export interface OutboundMedia {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/**
 * What became of a send. accepted: the carrier took it. refused: it said no for good. not-sent: certainly not taken, try again
 * later. unknown: it may or may not have been taken (e.g. the connection broke after the request was written).
 * `detail` is PHI-free and for the log.
 */
export type SendResult =
  | { readonly outcome: 'accepted'; readonly carrierReference?: string }
  | { readonly outcome: 'refused'; readonly reason: FailureReason; readonly detail: string }
  | { readonly outcome: 'not-sent'; readonly detail: string; readonly retryAfterMs?: number }
  | { readonly outcome: 'unknown'; readonly detail: string };

/** What a carrier told us by a webhook. */
export type CarrierEvent =
  | {
      readonly kind: 'message';
      /** The carrier's id of the message: the same on every repetition. */
      readonly carrierMessageId: string;
      /** As the carrier gave them; parsed and checked by the receiver. */
      readonly from: string;
      readonly to: string;
      readonly text: string;
      readonly media: readonly MediaReference[];
    }
  | {
      readonly kind: 'report';
      /** Our outbox id where the carrier returns it, else its own reference. */
      readonly reference: { readonly outboxId: string } | { readonly carrierReference: string };
      readonly state: Extract<DeliveryState, 'accepted' | 'sent' | 'delivered' | 'failed'>;
      readonly failure?: FailureReason;
    };

/** An HTTP request to a webhook, as it came: the body is raw, since signatures are over the bytes. */
export interface WebhookRequest {
  readonly method: string;
  /** Path below `/carriers/<carrier>/`, without a leading slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/**
 * What the adapter makes of a webhook request: an event; or something authentic that is of no use to us, answered 200 so that the carrier does not
 * repeat it, and logged; or the status (401, 404, 400 ...) that refuses it. `detail` is PHI-free and for the log.
 */
export type WebhookOutcome =
  | { readonly event: CarrierEvent; readonly answer?: { readonly contentType: string; readonly body: string } }
  | { readonly ignored: true; readonly detail: string }
  | { readonly refused: 400 | 401 | 403 | 404 | 405; readonly detail: string };

/** Where the text goes to and comes from: one adapter a provider. Proven by the contract test in test/support. */
export interface SmsCarrier {
  /** The key of the carrier in the configuration. */
  readonly name: string;
  /**
   * Hands one text over. Expected failures are values; it throws only for a bug. It must tell `not-sent` (nothing can have left, e.g. connection
   * refused) from `unknown` (e.g. time-out after the request was written), and must give up when `signal` aborts.
   */
  send(message: OutboundSms, signal: AbortSignal): Promise<SendResult>;
  /** Authenticates (in constant time) and reads a webhook. Does no I/O. */
  readWebhook(request: WebhookRequest): WebhookOutcome;
  /** For `doctor`: is the carrier reachable and set up? Sentences are PHI-free. */
  check(signal: AbortSignal): Promise<readonly CarrierCheck[]>;
}

/** One finding of `SmsCarrier.check`. */
export interface CarrierCheck {
  readonly ok: boolean;
  readonly tried: string;
  readonly result: string;
  readonly fix?: string;
}

/** A carrier that can also send and fetch pictures. Checked with `'sendMms' in carrier`. */
export interface MmsCarrier extends SmsCarrier {
  readonly maxMediaBytes: number;
  sendMms(message: OutboundSms, media: OutboundMedia, signal: AbortSignal): Promise<SendResult>;
  /** Fetches what a webhook referred to, from the carrier's own host only. Throws RetryableError or PermanentError. */
  fetchMedia(reference: MediaReference, signal: AbortSignal): Promise<OutboundMedia>;
}
