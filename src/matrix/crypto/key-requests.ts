import { PermanentError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import { clientPath } from '../homeserver.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import type { OlmRequest } from './olm-engine.ts';

/** A device of ours, and how it is to be. */
export interface OurDevice {
  readonly userId: UserId;
  readonly deviceId: string;
  /** Publishes no one-time keys, so that nobody can send it anything: see `KeyRequests`. */
  readonly isSendOnly: boolean;
}

/** As many one-time keys as the engine wants to see on the homeserver. */
export const ENOUGH_KEYS: ReadonlyMap<string, number> = new Map([['signed_curve25519', 50]]);
const ENOUGH_KEYS_ANSWER = JSON.stringify({ one_time_key_counts: Object.fromEntries(ENOUGH_KEYS) });

/**
 * Carries a machine's requests to the homeserver. A send-only device withholds its one-time and fallback keys: staff clients then share room keys
 * with the bot alone, and nothing piles up for ghosts that never sync. Its machine is told that there are enough.
 */
export class KeyRequests {
  readonly #http: MatrixHttp;
  readonly #device: OurDevice;

  constructor(http: MatrixHttp, device: OurDevice) {
    this.#http = http;
    this.#device = device;
  }

  /** Sends and returns the homeserver's JSON. */
  async send(request: OlmRequest): Promise<string> {
    switch (request.kind) {
      case 'keys-upload':
        return await this.#uploadKeys(request.body);
      case 'keys-query':
        return await this.#post('query keys', 'keys/query', request.body);
      case 'keys-claim':
        return await this.#post('claim one-time keys', 'keys/claim', request.body);
      case 'signing-keys-upload':
        return await this.#post('publish the cross-signing keys', 'keys/device_signing/upload', request.body);
      case 'signatures-upload':
        return await this.#post('publish signatures', 'keys/signatures/upload', request.body);
      case 'to-device': {
        const { eventType = '', txnId = '', body } = request;
        const path = clientPath`/_matrix/client/v3/sendToDevice/${eventType}/${txnId}`;
        return await this.#http.text('share a room key', {
          method: 'PUT',
          path,
          body,
          as: this.#device.userId,
          deviceId: this.#device.deviceId,
        });
      }
      case 'other':
        throw new PermanentError('The encryption engine asked for something that Carebridge does not do.');
    }
  }

  async #uploadKeys(body: string): Promise<string> {
    if (!this.#device.isSendOnly) return await this.#post('publish keys', 'keys/upload', body);
    const { device_keys } = JSON.parse(body) as { device_keys?: unknown };
    if (device_keys !== undefined) await this.#post('publish keys', 'keys/upload', JSON.stringify({ device_keys }));
    return ENOUGH_KEYS_ANSWER;
  }

  async #post(attempt: string, path: string, body: string): Promise<string> {
    const { userId, deviceId } = this.#device;
    return await this.#http.text(attempt, {
      method: 'POST',
      path: `/_matrix/client/v3/${path}`,
      body,
      as: userId,
      deviceId,
    });
  }
}
