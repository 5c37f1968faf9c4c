/** Calls of the client-server API as one of our users. */
import type { Intent } from 'matrix-appservice-bridge';
import type { UserId } from '../model/ids.ts';
import { orGivenUp } from './given-up.ts';
import { toFault } from './matrix-fault.ts';

/** Calls of the homeserver as one of our users. Not for the hot path, and not for anything that needs a device. */
export interface HomeserverCalls {
  /**
   * Calls `path` (made with `clientPath`) as `as` and returns the JSON body. Throws RetryableError or PermanentError (see `toFault`); `attempt`
   * completes the sentence "Could not ...".
   */
  call(as: UserId, attempt: string, request: HomeserverRequest): Promise<Record<string, unknown>>;
}

/** The homeserver, as one of our users sees it. */
export interface Homeserver extends HomeserverCalls {
  /** Creates the account where needed. It has no device and no password. */
  ensureRegistered(user: UserId): Promise<void>;
}

/** A request of the client-server API. */
export interface HomeserverRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A path with every inserted value percent-encoded: room and event ids may hold slashes. */
export function clientPath(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.map((part, index) => part + encodeURIComponent(values[index] ?? '')).join('');
}

/** Longer than any request of ours takes on a healthy homeserver, shorter than anybody's patience. ms. */
const TIMEOUT_MS = 30_000;

/** The homeserver through the bridge library's Intents. */
export class IntentHomeserver implements Homeserver {
  readonly #intent: (user: UserId) => Intent;
  readonly #giveUp: AbortSignal;

  /** When `giveUp` aborts, what is under way fails. */
  constructor(intent: (user: UserId) => Intent, giveUp: AbortSignal) {
    this.#intent = intent;
    this.#giveUp = giveUp;
  }

  async call(as: UserId, attempt: string, request: HomeserverRequest): Promise<Record<string, unknown>> {
    const { method, path, query, body } = request;
    try {
      // The library adds the user to the query it is given, so it gets a copy.
      const answer = await orGivenUp<unknown>(attempt, this.#giveUp, () =>
        this.#intent(as).matrixClient.doRequest(method, path, { ...query }, body ?? null, TIMEOUT_MS),
      );
      return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
    } catch (error) {
      throw toFault(error, attempt);
    }
  }

  async ensureRegistered(user: UserId): Promise<void> {
    const attempt = 'create a user of the bridge';
    try {
      await orGivenUp(attempt, this.#giveUp, () => this.#intent(user).ensureRegistered());
    } catch (error) {
      throw toFault(error, attempt);
    }
  }
}
