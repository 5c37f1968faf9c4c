import { serverOf, type UserId } from '../../model/ids.ts';
import type { DeviceTrust } from '../../ports/device-trust.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import { unsignedDevices } from './cross-signed.ts';
import { Lock } from './lock.ts';
import type { DeviceChanges } from './store/device-changes.ts';

/** What knowing of devices needs. */
export interface MatrixDeviceTrustParts {
  readonly http: MatrixHttp;
  readonly bot: UserId;
  readonly changes: Pick<DeviceChanges, 'newest' | 'since'>;
  /** False while changes of devices may be missed. */
  readonly hearsOfChanges: () => boolean;
  readonly now?: () => number;
}

interface Known {
  readonly unsigned: readonly string[];
  /** Unix time, ms. */
  readonly at: number;
}

/** So many users a request: each of them may have many devices. */
const BATCH = 100;
/** The homeserver tells of changes only of users who share a room with the bot. ms. */
const KEPT_MS = 3_600_000;
/** More than any hospital has; then all are asked for again. */
const MAX_KNOWN = 50_000;

/**
 * Asks the homeserver for each user's keys once, and again when the bot's sync says that they changed. The signatures are checked here: the answer
 * is not what the homeserver thinks of a device, but what its owner signed.
 */
export class MatrixDeviceTrust implements DeviceTrust {
  readonly #parts: MatrixDeviceTrustParts;
  readonly #now: () => number;
  /** Whoever asks for the same users at the same time waits for one request. */
  readonly #lock = new Lock();
  readonly #known = new Map<UserId, Known>();
  #seen = 0;

  constructor(parts: MatrixDeviceTrustParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** Users of a server that does not answer are left out. */
  async unverified(users: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly string[]>> {
    return await this.#lock.run(async () => {
      this.#forgetChanged();
      const asked = [...new Set(users)];
      const missing = asked.filter((user) => !this.#isKnown(user));
      const fresh = new Map<UserId, readonly string[]>();
      for (let start = 0; start < missing.length; start += BATCH)
        await this.#ask(missing.slice(start, start + BATCH), fresh);
      const unsignedOf = (user: UserId) => fresh.get(user) ?? this.#known.get(user)?.unsigned ?? [];
      return new Map(asked.map((user) => [user, unsignedOf(user)] as const).filter(([, ids]) => ids.length > 0));
    });
  }

  #isKnown(user: UserId): boolean {
    const known = this.#known.get(user);
    return known !== undefined && this.#now() - known.at < KEPT_MS && this.#parts.hearsOfChanges();
  }

  #forgetChanged(): void {
    const { changes } = this.#parts;
    const { newest } = changes;
    for (const user of changes.since(this.#seen)) this.#known.delete(user);
    this.#seen = newest;
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
  }

  async #ask(users: readonly UserId[], fresh: Map<UserId, readonly string[]>): Promise<void> {
    const { http, bot } = this.#parts;
    const at = this.#now();
    const answer = await http.call("read the keys of members' devices", {
      method: 'POST',
      path: '/_matrix/client/v3/keys/query',
      as: bot,
      body: { device_keys: Object.fromEntries(users.map((user) => [user, []])) },
    });
    const failures: unknown = answer['failures'] ?? {};
    for (const user of users) {
      this.#known.delete(user);
      if (Object.hasOwn(Object(failures) as object, serverOf(user))) continue;
      const unsigned = unsignedDevices(answer, user);
      fresh.set(user, unsigned);
      this.#known.set(user, { unsigned, at });
    }
  }
}
