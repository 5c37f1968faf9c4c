/** A clinic for one test file, on the database that the run is for. */
import { resolve } from 'node:path';
import type { Context } from 'mocha';
import { startClinic, type Clinic, type ClinicOptions } from '../../../src/cli/demo/clinic.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { waitFor } from '../../support/wait-for.ts';
import { newDatabase } from './database.ts';

// The bridge is started some sixty times; compiled once, each start takes a third less.
process.env['NODE_COMPILE_CACHE'] ??= resolve(import.meta.dirname, '../../../.cache/compiled');

/** So that a broken connection is noticed before the carrier reports. */
const REPORT_DELAY_MS = 100;

/** Starts a clinic whose files are kept where a test fails. For a `before` hook, which is skipped where there is no such database. */
export async function startTestClinic(context: Context, options: ClinicOptions = {}): Promise<Clinic> {
  const databaseUrl = await newDatabase(context);
  return await startClinic({
    directory: await tempDir('e2e'),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...options,
    carrier: {
      reportDelayMs: REPORT_DELAY_MS,
      retry: { minWaitMs: 50, maxWaitMs: 300 },
      ...options.carrier,
    },
  });
}

/** A call of the client-server API as one of the bridge's users, e.g. what an operator does with the bot's token. */
export async function callAs(
  clinic: Clinic,
  userId: string,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const url = `${clinic.synapse.url}${path}${path.includes('?') ? '&' : '?'}user_id=${encodeURIComponent(userId)}`;
  return await call(url, clinic.tokens.asToken, method, path, body);
}

const adminTokens = new WeakMap<Clinic, Promise<string>>();

/** A call of the homeserver's API as an administrator of the homeserver. */
export async function callAsAdmin(
  clinic: Clinic,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const token = adminTokens.get(clinic) ?? logInAdmin(clinic);
  adminTokens.set(clinic, token);
  return await call(clinic.synapse.url + path, await token, method, path, body);
}

/** As an administrator of the homeserver deletes a room: everybody is put out, and nothing is left of it. */
export async function deleteRoom(clinic: Clinic, roomId: string): Promise<void> {
  const path = `/_synapse/admin/v2/rooms/${encodeURIComponent(roomId)}`;
  const { delete_id: id } = await callAsAdmin(clinic, 'DELETE', path, { purge: true });
  await waitFor('the room to be deleted', async () => {
    const answer = await callAsAdmin(clinic, 'GET', `/_synapse/admin/v2/rooms/delete_status/${String(id)}`);
    return answer['status'] === 'complete';
  });
}

async function logInAdmin({ synapse }: Clinic): Promise<string> {
  const { userId, password } = await synapse.registerUser('root', { admin: true });
  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: userId }, password };
  const answer = await fetch(`${synapse.url}/_matrix/client/v3/login`, { method: 'POST', body: JSON.stringify(login) });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function call(
  url: string,
  token: string,
  method: string,
  path: string,
  body: object | undefined,
): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** A room's path, with its id encoded. */
export function roomPath(roomId: string, rest = ''): string {
  return `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}${rest}`;
}
