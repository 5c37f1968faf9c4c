import type { Logger } from '../log.ts';
import { parsePhoneNumber, type Country } from '../model/phone-number.ts';
import { keywordOf } from '../policy/keywords.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { CarrierEvent } from '../ports/sms-carrier.ts';
import type { Lines } from './lines.ts';
import type { Notifier } from './notifier.ts';

/** A carrier's message event. */
export type IncomingSms = Extract<CarrierEvent, { kind: 'message' }>;

/** What receiving needs. `wakeDeliveries` and `wakeKeywords` tell the queues that there is something new. */
export interface ReceiveSmsParts {
  readonly inbox: InboxStore;
  readonly lines: Lines;
  readonly notifier: Notifier;
  /** Whose numbers a carrier may give without `+`. */
  readonly country: Country;
  readonly log: Logger;
  readonly wakeDeliveries: () => void;
  readonly wakeKeywords: () => void;
}

/** Takes a text from a carrier. When `receive` returns, the text is committed and the carrier may be answered 200. */
export class ReceiveSms {
  readonly #parts: ReceiveSmsParts;

  constructor(parts: ReceiveSmsParts) {
    this.#parts = parts;
  }

  /** Commits the text once, however often the carrier repeats it. Throws RetryableError while the database cannot take it. */
  async receive(carrier: string, sms: IncomingSms): Promise<void> {
    const { inbox, lines, country, log } = this.#parts;
    const to = parsePhoneNumber(sms.to, country);
    const line = to && lines.findByNumber(carrier, to);
    if (line === undefined)
      return this.#reject(carrier, sms, 'no-line', `to a number of carrier ${carrier} that no line has`);
    const from = parsePhoneNumber(sms.from, country);
    if (from === undefined) {
      const why = `to line ${line.id} from a short code or a sender without a full number, which cannot be answered`;
      return this.#reject(carrier, sms, 'no-number', why);
    }
    const body = sms.text.toWellFormed();
    const keyword = keywordOf(body);
    const row = await inbox.add(
      {
        carrier,
        carrierMessageId: sms.carrierMessageId,
        lineId: line.id,
        from,
        body,
        media: sms.media,
        keyword,
      },
      Date.now(),
    );
    if (row === undefined) {
      log.debug('sms.repeated', { carrier, line: line.id });
      return;
    }
    log.info('sms.received', { carrier, line: line.id, trace: row.trace });
    if (keyword !== undefined) this.#parts.wakeKeywords();
    this.#parts.wakeDeliveries();
  }

  /** Such a text has no room to go to; it is not kept, and people are told. */
  async #reject(carrier: string, sms: IncomingSms, code: string, why: string): Promise<void> {
    this.#parts.log.warn('sms.not-bridged', { carrier, code });
    await this.#parts.notifier.tellAdmins(`A text came ${why}. It was not bridged.`, {
      cause: `not-bridged:${carrier}:${sms.carrierMessageId}`,
    });
  }
}
