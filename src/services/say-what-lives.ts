import { isFault, PermanentError, RetryableError } from '../errors.ts';
import { labelOf, NO_DEVICE } from '../model/device-label.ts';
import type { UserId } from '../model/ids.ts';
import type { Accounts } from '../ports/accounts.ts';
import type { WatchedDeviceStore } from '../ports/watched-device-store.ts';

/** What is asked for the sessions that may live. */
export interface WhatLivesParts {
  readonly accounts: Accounts;
  readonly watchedDevices: WatchedDeviceStore;
}

/**
 * Runs what has to be known before anything is done to an account. Where MAS is away or refuses us while the homeserver, and with it this room, goes on,
 * nobody is left waiting: throws PermanentError that names what may still work. Where the homeserver is away, RetryableError as ever: nobody could be told.
 */
export async function orSayWhatLives<T>(parts: WhatLivesParts, user: UserId, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isFault(error) || (await parts.accounts.mode()).mode !== 'mas') throw error;
    const when = error instanceof RetryableError ? 'it is back' : 'that is fixed';
    throw new PermanentError(
      `${error.message} Nothing was done to ${user}.\n✗ may still work until somebody ends them: ${await whatLives(parts, user)}\nRepeat the command when ${when}.`,
      { cause: error },
    );
  }
}

/** As the homeserver lists it; where that cannot say either, as the sign-in watch saw it last. */
async function whatLives({ accounts, watchedDevices }: WhatLivesParts, user: UserId): Promise<string> {
  const listed = await accounts.devices(user).catch(() => undefined);
  const known =
    listed?.map(({ deviceId }) => labelOf(deviceId)) ??
    (await watchedDevices.of(user)).map(({ device }) => device).filter((device) => device !== NO_DEVICE);
  const named = known.map((device) => `device ${device}`);
  if (named.length === 0) return 'every session of the account';
  return `${named.join(', ')}${listed === undefined ? ' (as last seen)' : ''}, and sessions without a device`;
}
