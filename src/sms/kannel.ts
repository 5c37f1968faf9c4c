/** SMS through a Kannel gateway: its HTTP interface for sending, `sms-service` and `dlr-url` callbacks for the rest (Kannel user guide 1.4.5). */
import { validateHeaderValue } from 'node:http';
import { ConfigError } from '../errors.ts';
import type {
  CarrierCheck,
  OutboundSms,
  SendResult,
  SmsCarrier,
  WebhookOutcome,
  WebhookRequest,
} from '../ports/sms-carrier.ts';
import { encodingOf, toPhoneText } from '../model/sms-encoding.ts';
import { httpCall } from './http-call.ts';
import { readKannelAnswer } from './kannel/answer.ts';
import { checkKannel } from './kannel/check.ts';
import type { KannelConfig } from './kannel/config.ts';
import { readKannelWebhook } from './kannel/webhook.ts';
import type { CarrierSurroundings } from './surroundings.ts';

/** Every kind of report: delivered, undelivered, buffered, taken by the network, refused by the network. */
const ALL_REPORTS = '31';

/** Hands texts to smsbox and reads its callbacks. Kannel signs nothing, so the callbacks' path holds a secret. */
export class KannelCarrier implements SmsCarrier {
  readonly name: string;
  readonly #config: KannelConfig;
  readonly #url: URL;
  readonly #dlrUrl: string;
  readonly #credentials: Readonly<Record<string, string>>;

  constructor(config: KannelConfig, { name, webhookUrl }: CarrierSurroundings) {
    this.name = name;
    this.#config = config;
    this.#url = new URL(config.url);
    this.#dlrUrl = new URL(`${encodeURIComponent(config.webhookSecret)}/dlr`, webhookUrl).href;
    this.#credentials = {
      'x-kannel-username': headerValue(name, 'username', config.username),
      'x-kannel-password': headerValue(name, 'password', config.password),
    };
    if (config.smsc !== undefined) headerValue(name, 'smsc', config.smsc);
  }

  async send(message: OutboundSms, signal: AbortSignal): Promise<SendResult> {
    const text = toPhoneText(message.text);
    if (text === '') return { outcome: 'refused', reason: 'other', detail: 'the text is empty' };
    const call = await httpCall(this.#url, {
      method: 'POST',
      headers: {
        ...this.#credentials,
        'x-kannel-from': message.from,
        'x-kannel-to': message.to,
        // Without a coding Kannel takes GSM 03.38 and makes '?' of what that lacks; with 2 it takes UCS-2 for everything.
        ...(encodingOf(text).coding === 'ucs2' && { 'x-kannel-coding': '2' }),
        ...(this.#config.smsc !== undefined && { 'x-kannel-smsc': this.#config.smsc }),
        'x-kannel-dlr-mask': ALL_REPORTS,
        'x-kannel-dlr-url': `${this.#dlrUrl}?ref=${encodeURIComponent(message.id)}&type=%d`,
        'content-type': 'text/plain; charset=UTF-8',
      },
      body: Buffer.from(text),
      signal,
    });
    if (call.kind === 'not-connected') return { outcome: 'not-sent', detail: `no connection: ${call.detail}` };
    if (call.kind === 'broken') return { outcome: 'unknown', detail: `no answer: ${call.detail}` };
    return readKannelAnswer(call);
  }

  readWebhook(request: WebhookRequest): WebhookOutcome {
    return readKannelWebhook(request, this.#config.webhookSecret);
  }

  check(signal: AbortSignal): Promise<readonly CarrierCheck[]> {
    return checkKannel(this.#config, this.#credentials, signal);
  }
}

/** The bytes of the setting as a header carries them: Kannel compares bytes, Node writes a header as latin1. */
function headerValue(carrier: string, key: string, value: string): string {
  const bytes = Buffer.from(value).toString('latin1');
  try {
    validateHeaderValue(key, bytes);
  } catch (cause) {
    throw new ConfigError(`Carrier ${carrier}: ${key} has a line break or another control character. Remove it.`, [], {
      cause,
    });
  }
  return bytes;
}
