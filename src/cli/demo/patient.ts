import type { PhoneText } from '../../sms/loopback/phones.ts';
import type { LoopbackSimulator } from '../../sms/loopback/simulator.ts';
import { LINE } from './scene.ts';
import { PATIENCE_MS } from './wait-for.ts';

/** A picture that a patient sends. */
export interface Picture {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** A patient with a phone at the simulated carrier. */
export class Patient {
  /** E.164. */
  readonly number: string;
  readonly #carrier: LoopbackSimulator;

  constructor(carrier: LoopbackSimulator, number: string) {
    this.#carrier = carrier;
    this.number = number;
  }

  /** Resolves when the bridge has acknowledged it. */
  async texts(text: string, media: readonly Picture[] = []): Promise<void> {
    await this.#carrier.sendFromPatient({ from: this.number, to: LINE, text, media });
  }

  /** The text, with these words in it, that reached the phone or does so now. */
  async gets(words: string, timeoutMs = PATIENCE_MS): Promise<PhoneText> {
    return await this.#carrier.waitForText(this.number, ({ text }) => text.includes(words), timeoutMs);
  }

  /** Is warned of the risk of texts, and answers YES. */
  async agrees(): Promise<void> {
    await this.gets('Reply YES');
    await this.texts('YES');
  }
}
