import type { LoopbackSimulator } from '../../sms/loopback/simulator.ts';
import { LINE } from './scene.ts';

const PATIENCE_MS = 20_000;

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
  async texts(text: string): Promise<void> {
    await this.#carrier.sendFromPatient({ from: this.number, to: LINE, text });
  }

  /** The text, with these words in it, that reached the phone or does so now. */
  async gets(words: string): Promise<string> {
    const isWanted = ({ text }: { readonly text: string }): boolean => text.includes(words);
    return (await this.#carrier.waitForText(this.number, isWanted, PATIENCE_MS)).text;
  }
}
