import { ConfigError } from '../../errors.ts';
import { localpartOf, type UserId } from '../../model/ids.ts';
import { clientPath } from '../homeserver.ts';
import { errcodeOf, statusOf } from '../matrix-fault.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import { CryptoUser, type CryptoUserParts } from './crypto-user.ts';
import type { OlmEngine, OlmRequest } from './olm-engine.ts';

/** What making or loading a user needs. */
export interface ProvisioningParts extends CryptoUserParts {
  readonly engine: OlmEngine;
  /** The same for all users: it only must not be used twice by one of them. */
  readonly deviceId: string;
}

/** Looks at the requests that are about to publish a user's cross-signing identity, and throws where they must not. */
export type BeforePublishing = (requests: readonly OlmRequest[]) => Promise<void>;

/**
 * Loads a user's machine; where it is the first time, makes the account, its device and its cross-signing identity. Each step may be
 * repeated, and what was made locally is uploaded again rather than made anew, so an end at any point is completed by the next call.
 */
export async function openUser(
  parts: ProvisioningParts,
  userId: UserId,
  isSendOnly: boolean,
  beforePublishing?: BeforePublishing,
): Promise<CryptoUser> {
  const { http, store, engine, deviceId } = parts;
  const stored = await store.users.ensure(userId, store.deviceChanges.newest);
  if (stored.step !== 'ready') {
    await register(http, userId);
    await createDevice(http, userId, deviceId);
  }
  const machine = await engine.open({ userId, deviceId, number: stored.number });
  const user = new CryptoUser(parts, { userId, deviceId, isSendOnly }, machine, stored.seen);
  if (stored.step === 'ready') return user;
  try {
    if (beforePublishing) await beforePublishing(await user.crossSigningRequests());
    // The device's keys first: only then the identity's requests hold its signature of them.
    await user.flush();
    await user.send(await user.crossSigningRequests());
    await store.users.setStep(userId, 'ready');
    return user;
  } catch (error) {
    await user.close();
    throw error;
  }
}

async function register(http: MatrixHttp, userId: UserId): Promise<void> {
  const body = { type: 'm.login.application_service', username: localpartOf(userId), inhibit_login: true };
  try {
    await http.call('create a user of the bridge', { method: 'POST', path: '/_matrix/client/v3/register', body });
  } catch (error) {
    if (errcodeOf(error) !== 'M_USER_IN_USE') throw error;
  }
}

/** MSC4190: a PUT creates the device of an appservice user. */
async function createDevice(http: MatrixHttp, userId: UserId, deviceId: string): Promise<void> {
  const path = clientPath`/_matrix/client/v3/devices/${deviceId}`;
  try {
    await http.call('create a device', { method: 'PUT', path, as: userId, body: { display_name: 'Carebridge' } });
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    throw new ConfigError(
      'homeserver.url: the homeserver cannot create devices for application services (MSC4190). Carebridge needs Synapse 1.141 or newer.',
      [],
      { cause: error },
    );
  }
}
