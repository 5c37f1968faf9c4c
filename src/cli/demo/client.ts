/** A real client, matrix-js-sdk: logged in, cross-signed, and refusing whatever Element would warn of. */
import type { AuthDict, MatrixClient } from 'matrix-js-sdk';
import { dropRequestTimers, dropVerificationTimers, loadMatrixSdk, silentLogger } from './matrix-sdk.ts';
import type { Account } from './synapse.ts';

/** What a log-in gives. Where Matrix Authentication Service owns the accounts, it is had elsewhere: clients do not log in with a password. */
export interface Login {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
}

/** A client's encryption. */
export type ClientCrypto = NonNullable<ReturnType<MatrixClient['getCrypto']>>;

/** The SDK's declarations refer here to a file that it does not ship. */
interface HandsOverSecrets {
  exportSecretsBundle(): Promise<unknown>;
  importSecretsBundle(secrets: unknown): Promise<void>;
}

/** Logs in with the password, as a new device. */
export async function logIn(url: string, { userId, password }: Account, deviceId?: string): Promise<Login> {
  const sdk = await loadMatrixSdk();
  const answer = await sdk.createClient({ baseUrl: url, logger: silentLogger }).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: userId },
    password,
    initial_device_display_name: 'Carebridge demo client',
    ...(deviceId !== undefined && { device_id: deviceId }),
  });
  return { userId, deviceId: answer.device_id, accessToken: answer.access_token };
}

/** The client of a log-in, with its encryption; it does not sync yet. */
export async function createClient(url: string, login: Login): Promise<MatrixClient> {
  const sdk = await loadMatrixSdk();
  const client = sdk.createClient({ baseUrl: url, ...login, logger: silentLogger });
  dropRequestTimers(client);
  await client.initRustCrypto({ useIndexedDB: false });
  dropVerificationTimers(client);
  return client;
}

/** The client's encryption. Throws where it has none. */
export function cryptoOf(client: MatrixClient): ClientCrypto {
  const crypto = client.getCrypto();
  if (crypto === undefined) throw new Error('The client has no encryption.');
  return crypto;
}

/**
 * Makes the account's cross-signing identity, as its first device. `auth` is what the homeserver asks for before it takes the identity; null where it
 * asks for nothing.
 */
export async function signAsFirst(client: MatrixClient, auth: AuthDict | null): Promise<void> {
  await cryptoOf(client).bootstrapCrossSigning({
    authUploadDeviceSigningKeys: async (upload) => {
      await upload(auth);
    },
  });
  await refuseUnsigned(client);
}

/** Signs the device by the account's own identity, as after verifying it in Element with `first`. */
export async function signAsNext(client: MatrixClient, first: MatrixClient): Promise<void> {
  const crypto = cryptoOf(client);
  await crypto.getUserDeviceInfo([client.getSafeUserId()], true);
  const secrets = await (cryptoOf(first) as unknown as HandsOverSecrets).exportSecretsBundle();
  await (crypto as unknown as HandsOverSecrets).importSecretsBundle(secrets);
  await crypto.crossSignDevice(client.getDeviceId() ?? '');
  await refuseUnsigned(client);
}

/** From here on whatever Element would warn of is a failure. */
async function refuseUnsigned(client: MatrixClient): Promise<void> {
  const { OnlySignedDevicesIsolationMode } = await import('matrix-js-sdk/lib/crypto-api/index.js');
  cryptoOf(client).setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
}

/** Ends another session of the account, as Element's list of sessions does. */
export async function removeDevice(client: MatrixClient, deviceId: string, { userId, password }: Account) {
  const remove = (auth: object): Promise<Response> =>
    fetch(`${client.baseUrl}/_matrix/client/v3/devices/${encodeURIComponent(deviceId)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${client.getAccessToken()}` },
      body: JSON.stringify({ auth }),
    });
  const { session } = (await (await remove({ type: 'm.login.password' })).json()) as { session?: string };
  const identifier = { type: 'm.id.user', user: userId };
  const answer = await remove({ type: 'm.login.password', identifier, password, ...(session && { session }) });
  if (!answer.ok) throw new Error(`The homeserver did not remove the device: ${answer.status} ${await answer.text()}`);
}
