/** Gives the bridge the right to end sessions and lock accounts, as docs/install.md has the operator do it. */
import type { Registration } from '../../matrix/registration.ts';
import type { Synapse } from './synapse.ts';

/** Makes the registration's sender a user, and that user an administrator of the homeserver: then the as_token may use the admin API. */
export async function allowAccountControl(synapse: Synapse, { senderLocalpart, asToken }: Registration): Promise<void> {
  const operator = await synapse.registerUser('operator', { admin: true });
  const sender = encodeURIComponent(`@${senderLocalpart}:${synapse.domain}`);
  await call(synapse, 'POST', '/_matrix/client/v3/register', asToken, {
    type: 'm.login.application_service',
    username: senderLocalpart,
    inhibit_login: true,
  });
  const adminToken = await synapse.accessToken(operator);
  await call(synapse, 'PUT', `/_synapse/admin/v2/users/${sender}`, adminToken, { admin: true });
}

async function call({ url }: Synapse, method: string, path: string, token: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`Synapse answered ${answer.status} to ${method} ${path}: ${await answer.text()}`);
}
