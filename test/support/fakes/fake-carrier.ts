import type { MediaReference } from '../../../src/model/rows.ts';
import type {
  CarrierCheck,
  MmsCarrier,
  OutboundMedia,
  OutboundSms,
  SendResult,
  SmsCarrier,
  WebhookOutcome,
} from '../../../src/ports/sms-carrier.ts';

type Answer = SendResult | Error | ((sms: OutboundSms) => Promise<SendResult> | SendResult);

/** A carrier that takes everything, unless told otherwise by `answers` (used up one by one) or `always`. */
export class FakeCarrier implements SmsCarrier {
  readonly name: string;
  /** Every call, whatever was answered. */
  readonly calls: OutboundSms[] = [];
  readonly answers: Answer[] = [];
  always: Answer | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async send(sms: OutboundSms): Promise<SendResult> {
    this.calls.push(sms);
    const answer = this.answers.shift() ?? this.always;
    if (answer instanceof Error) throw answer;
    if (typeof answer === 'function') return answer(sms);
    return answer ?? { outcome: 'accepted', carrierReference: `${this.name}-${this.calls.length}` };
  }

  readWebhook(): WebhookOutcome {
    return { refused: 404, detail: 'none' };
  }

  async check(): Promise<readonly CarrierCheck[]> {
    return [];
  }

  /** What was sent to `number`, oldest first. */
  textsTo(number: string): string[] {
    return this.calls.filter(({ to }) => to === number).map(({ text }) => text);
  }
}

/** The same with pictures. */
export class FakeMmsCarrier extends FakeCarrier implements MmsCarrier {
  readonly maxMediaBytes = 1_000_000;
  readonly media: OutboundMedia[] = [];
  /** `fetchMedia` fails with this while it is set. */
  mediaFault: Error | undefined;

  async sendMms(sms: OutboundSms, media: OutboundMedia): Promise<SendResult> {
    this.media.push(media);
    return this.send(sms);
  }

  async fetchMedia(reference: MediaReference): Promise<OutboundMedia> {
    if (this.mediaFault) throw this.mediaFault;
    return { contentType: reference.contentType, bytes: new TextEncoder().encode(reference.url) };
  }
}
