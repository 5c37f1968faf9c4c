import type { SendOutcome } from '../src/sms/loopback/simulated-carrier.ts';
import { LoopbackSimulator } from '../src/sms/loopback/simulator.ts';
import type { SendRequest } from '../src/sms/loopback/protocol.ts';
import { within } from './in-flight.ts';

const PATIENCE_MS = 60_000;

/** The simulated carrier, noting when each text was handed to it. Texts are told apart by their words. */
export class TimedCarrier extends LoopbackSimulator {
  readonly #waiting = new Map<string, (at: number) => void>();

  override async take(request: SendRequest): Promise<SendOutcome> {
    this.#waiting.get(request.text)?.(performance.now());
    this.#waiting.delete(request.text);
    return super.take(request);
  }

  /** When the carrier was called with exactly this text (`performance.now()`, ms). To be asked before it is written. */
  async callOf(text: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(text, resolve);
    return within(PATIENCE_MS, () => 'the call of the carrier', promise);
  }
}
