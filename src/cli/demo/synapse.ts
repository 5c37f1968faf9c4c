/** A real Synapse with SQLite on a free port of 127.0.0.1, for the demo and the end-to-end tests. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startChild, type Child } from './children.ts';
import { freePort } from './free-port.ts';
import { writeSynapseConfig } from './synapse-config.ts';
import { waitFor } from './wait-for.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const START_TIMEOUT_MS = 60_000;

export interface SynapseOptions {
  /** Paths of appservice registration files. */
  readonly registrations: readonly string[];
  /** Settings laid over the defaults, by their names in homeserver.yaml. */
  readonly extraConfig?: Readonly<Record<string, unknown>>;
  /** Default version of new rooms, or Synapse's own default. */
  readonly roomVersion?: string;
  /** The server name in user ids. */
  readonly domain?: string;
  /** Where its files are kept, and left when it stops. By default a temporary folder, removed when it stops. */
  readonly directory?: string;
  /** Where the registration file must be known before the homeserver's address is: choose the port beforehand. */
  readonly port?: number;
}

/** An account with its password, as `registerUser` made it. */
export interface Account {
  readonly userId: string;
  readonly password: string;
}

export interface Synapse {
  readonly url: string;
  readonly domain: string;
  /** Holds homeserver.yaml, homeserver.log and the database. */
  readonly configDir: string;
  readonly pid: number;
  /** Makes an account with the shared secret. */
  registerUser(name: string, options?: { admin?: boolean; password?: string }): Promise<Account>;
  /** Logs in without a client, and returns the access token. */
  accessToken(account: Account, deviceId?: string): Promise<string>;
  /** Stops it and starts it at the same address with the same data; `whileDown` is run in between. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  /** Stops it, and removes its files unless `directory` was given. */
  stop(): Promise<void>;
}

/** Starts a homeserver and returns once it takes requests. */
export async function startSynapse(options: SynapseOptions): Promise<Synapse> {
  const python = findSynapsePython();
  const domain = options.domain ?? 'hospital.test';
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'carebridge-synapse-')));
  const registrationSecret = randomUUID();
  const config = await writeSynapseConfig({ ...options, directory, domain, port, registrationSecret });

  let child = await run(python, config, directory, url);
  return {
    url,
    domain,
    configDir: directory,
    get pid() {
      return child.process.pid ?? 0;
    },
    registerUser: (name, user = {}) => registerUser(url, registrationSecret, name, user),
    accessToken: (account, deviceId) => accessToken(url, account, deviceId),
    async restart(whileDown) {
      await child.stop();
      await whileDown?.();
      child = await run(python, config, directory, url);
    },
    async stop() {
      await child.stop();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The Python of the virtual environment with Synapse, which `npm run demo` and `npm test` set up. */
export function findSynapsePython(): string {
  const given = process.env['CAREBRIDGE_SYNAPSE_PYTHON'];
  if (given) return given;
  const cache = join(ROOT, '.cache');
  const environments = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('synapse-')) : [];
  // The stamp is written last: without it the set-up was interrupted.
  const complete = environments.map((name) => join(cache, name)).find((path) => existsSync(join(path, 'complete')));
  if (complete === undefined) {
    throw new Error(
      'Synapse is not set up: run `npm run demo` or `npm test`, which do it, or `node scripts/run.mjs setup`.',
    );
  }
  return join(complete, 'bin', 'python');
}

async function run(python: string, config: string, directory: string, url: string): Promise<Child> {
  const args = ['-m', 'synapse.app.homeserver', '--config-path', config];
  const child = await startChild('synapse', python, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.process.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  let ended = false;
  void child.ended.then(() => (ended = true));

  try {
    await waitFor(
      'Synapse to take requests',
      async () => {
        if (ended) throw new Error(`Synapse ended instead of starting.\n${complaints}${await lastLines(directory)}`);
        return await fetch(`${url}/health`).then(
          (answer) => answer.ok,
          () => false,
        );
      },
      { timeoutMs: START_TIMEOUT_MS, everyMs: 50, instead: async () => complaints + (await lastLines(directory)) },
    );
  } catch (error) {
    await child.kill();
    throw error;
  }
  return child;
}

async function lastLines(directory: string): Promise<string> {
  const text = await readFile(join(directory, 'homeserver.log'), 'utf8').catch(() => '');
  return text.split('\n').slice(-20).join('\n');
}

async function registerUser(
  url: string,
  secret: string,
  name: string,
  { admin = false, password = randomBytes(12).toString('hex') }: { admin?: boolean; password?: string },
): Promise<Account> {
  const endpoint = `${url}/_synapse/admin/v1/register`;
  const { nonce } = (await (await fetch(endpoint)).json()) as { nonce: string };
  const mac = createHmac('sha1', secret)
    .update([nonce, name, password, admin ? 'admin' : 'notadmin'].join('\0'))
    .digest('hex');
  const answer = await fetch(endpoint, {
    method: 'POST',
    body: JSON.stringify({ nonce, username: name, password, admin, mac, inhibit_login: true }),
  });
  if (!answer.ok) throw new Error(`Synapse did not register ${name}: ${answer.status} ${await answer.text()}`);
  const { user_id: userId } = (await answer.json()) as { user_id: string };
  return { userId, password };
}

async function accessToken(url: string, { userId, password }: Account, deviceId?: string): Promise<string> {
  const answer = await fetch(`${url}/_matrix/client/v3/login`, {
    method: 'POST',
    body: JSON.stringify({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password,
      ...(deviceId !== undefined && { device_id: deviceId }),
    }),
  });
  if (!answer.ok) throw new Error(`Synapse did not log ${userId} in: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}
