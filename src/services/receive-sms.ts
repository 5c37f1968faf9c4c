import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { parsePhoneNumber, type Country } from '../model/phone-number.ts';
import { keywordOf } from '../policy/keywords.ts';
import type { InboxRow } from '../model/rows.ts';
import type { InboxStore, NewInboxRow } from '../ports/inbox-store.ts';
import type { CarrierEvent } from '../ports/sms-carrier.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Lines } from './lines.ts';
import type { Notifier } from './notifier.ts';

/** A carrier's message event. */
export type IncomingSms = Extract<CarrierEvent, { kind: 'message' }>;

/** What receiving needs. `wakeDeliveries` and `wakeKeywords` tell the queues that there is something new. */
export interface ReceiveSmsParts {
  readonly inbox: InboxStore;
  readonly lines: Lines;
  readonly notifier: Notifier;
  readonly transactions: Transactions;
  readonly prefix: string;
  /** Whose numbers a carrier may give without `+`. */
  readonly country: Country;
  readonly log: Logger;
  readonly wakeDeliveries: () => void;
  readonly wakeKeywords: () => void;
}

/**
 * So many texts to numbers that no line has are kept. What comes then is not taken, so that the carrier keeps it: whoever can call us with a carrier's
 * secret must not fill the disk.
 */
const MAX_WITHOUT_LINE = 10_000;

/** Takes a text from a carrier. When `receive` returns, the text is committed and the carrier may be answered 200. */
export class ReceiveSms {
  readonly #parts: ReceiveSmsParts;

  constructor(parts: ReceiveSmsParts) {
    this.#parts = parts;
  }

  /** Commits the text once, however often the carrier repeats it. Throws RetryableError while the database cannot take it. */
  async receive(carrier: string, sms: IncomingSms): Promise<void> {
    const { lines, country } = this.#parts;
    const to = parsePhoneNumber(sms.to, country);
    const line = to && lines.findByNumber(carrier, to);
    const from = parsePhoneNumber(sms.from, country);
    const body = sms.text.toWellFormed();
    // Nobody can act on a word of whom nobody knows.
    const keyword = from && keywordOf(body);
    const { carrierMessageId, media } = sms;
    const sender = from === undefined ? { from, sender: sms.from.toWellFormed() } : { from };
    const text = { carrier, carrierMessageId, ...sender, body, media, keyword, lineId: line?.id };
    const row = await this.#commit(line === undefined ? { ...text, to: to ?? sms.to } : text);
    if (row === undefined) {
      this.#parts.log.debug('sms.repeated', { carrier, line: line?.id });
      return;
    }
    if (line === undefined) this.#parts.log.warn('sms.without-line', { carrier, trace: row.trace });
    else this.#parts.log.info('sms.received', { carrier, line: line.id, trace: row.trace });
    if (keyword !== undefined) this.#parts.wakeKeywords();
    if (line !== undefined && from !== undefined) this.#parts.wakeDeliveries();
  }

  #commit(text: NewInboxRow): Promise<InboxRow | undefined> {
    if (text.lineId === undefined) return this.#keep(text);
    return text.from === undefined ? this.#setAside(text) : this.#parts.inbox.add(text, Date.now());
  }

  /** Commits a text to a number that no line has, and tells of the first to that number. Nobody's STOP is left to the carrier. */
  async #keep(text: NewInboxRow): Promise<InboxRow | undefined> {
    const { inbox, transactions } = this.#parts;
    if (text.keyword !== 'stop' && (await inbox.countWithoutLine()) >= MAX_WITHOUT_LINE) return this.#refuse(text);
    return transactions.run(async () => {
      const row = await inbox.add(text, Date.now());
      if (row !== undefined && (await inbox.countWithoutLine(row.lane)) === 1) await this.#tellKept(row);
      return row;
    });
  }

  /** Leaves the text to the carrier, and says so once a day. */
  async #refuse({ carrier }: NewInboxRow): Promise<never> {
    const { notifier, prefix } = this.#parts;
    const day = new Date().toISOString().slice(0, 10);
    await notifier.tellAdmins(
      `${MAX_WITHOUT_LINE} texts to numbers that no line has are kept. Those that come now are left to the carrier, which may give them up. See \`${prefix} parked\`.`,
      { cause: `without-line-full:${day}` },
    );
    throw new RetryableError(`Too many texts to numbers of carrier ${carrier} that no line has are kept.`);
  }

  async #tellKept({ id, carrier, trace }: InboxRow): Promise<void> {
    const { notifier, prefix } = this.#parts;
    const what = `A text came to a number of carrier ${carrier} that no line has. It is kept, and so is what comes after it to the same number.`;
    const next = `Put the number into \`lines\` of the configuration, restart, and use \`${prefix} parked retry all\`.`;
    await notifier.tellAdmins(`${what} ${next} (Reference ${trace})`, { cause: `without-line:${id}`, trace });
  }

  /** Commits a text whose sender cannot be answered and so has no room, and tells of it. */
  async #setAside(text: NewInboxRow): Promise<InboxRow | undefined> {
    const { inbox, transactions, notifier, prefix } = this.#parts;
    return transactions.run(async () => {
      const row = await inbox.add(text, Date.now());
      if (row === undefined) return undefined;
      const { id, trace } = row;
      const what = `A text came to line ${text.lineId} from a short code or a sender without a full number, which cannot be answered. It is kept.`;
      const next = `\`${prefix} parked retry ${trace}\` puts it into the security room, \`${prefix} parked drop ${trace} <why>\` ends it unread.`;
      await notifier.tellAdmins(`${what} ${next} (Reference ${trace})`, { cause: `no-number:${id}`, trace });
      return row;
    });
  }
}
