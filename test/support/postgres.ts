/** A private PostgreSQL for tests: an own cluster in a temporary folder, reachable by a socket in that folder and by 127.0.0.1. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
const START_WITHIN_MS = 30_000;

/** A running cluster. */
export interface TestPostgres extends AsyncDisposable {
  /** The folder of the socket. */
  readonly directory: string;
  readonly port: number;
  /** Creates an empty database and returns its URL, for `database.url`. Over the socket, or with `tcp` over 127.0.0.1. */
  createDatabase(name: string, options?: { readonly tcp?: boolean }): Promise<string>;
  /** Runs SQL in a database and returns what psql prints. */
  psql(database: string, sql: string): Promise<string>;
  /** Stops the server at once, runs `whileDown`, and starts it again on the same data and port. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** The folder of the PostgreSQL programs, the newest where there are several, or undefined where there is none. */
export async function findPostgres(): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`);
  return [...folders, ...(process.env['PATH'] ?? '').split(':')].find((folder) => existsSync(join(folder, 'initdb')));
}

/** Starts a cluster. PostgreSQL refuses to run as root: there it runs as the user `postgres`. */
export async function startPostgres(bin: string): Promise<TestPostgres> {
  const user = await serverUser();
  const directory = await mkdtemp(join(tmpdir(), 'carebridge-pg-'));
  const data = join(directory, 'data');
  const port = await freePort();
  const options = { ...user, cwd: directory, env: { ...process.env, LC_ALL: 'C.UTF-8' } };
  let server: ChildProcess | undefined;
  const socket = ['-h', directory, '-p', String(port), '-U', 'postgres'];

  async function start(): Promise<void> {
    // Nothing here must outlive the machine.
    const fast = ['-c', 'fsync=off', '-c', 'full_page_writes=off'];
    const listen = [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${directory}`,
      '-p',
      String(port),
    ];
    server = spawn(join(bin, 'postgres'), ['-D', data, ...listen, ...fast], { ...options, stdio: 'ignore' });
    await untilReady(bin, socket);
  }

  async function halt(): Promise<void> {
    const child = server;
    server = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // SIGQUIT: stops at once and writes nothing more (immediate shutdown).
      child.kill('SIGQUIT');
      await ended;
    }
  }

  async function stop(): Promise<void> {
    await halt();
    await rm(directory, { recursive: true, force: true });
  }

  try {
    if (user.uid !== undefined && user.gid !== undefined) await chown(directory, user.uid, user.gid);
    const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    await run(join(bin, 'initdb'), init, options);
    await start();
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    directory,
    port,
    async createDatabase(name, { tcp = false } = {}) {
      await run(join(bin, 'createdb'), [...socket, name]);
      return tcp
        ? `postgres://postgres@127.0.0.1:${port}/${name}`
        : `postgres://postgres@localhost:${port}/${name}?host=${encodeURIComponent(directory)}`;
    },
    async psql(database, sql) {
      const { stdout } = await run(join(bin, 'psql'), [
        ...socket,
        '-d',
        database,
        '-v',
        'ON_ERROR_STOP=1',
        '-Atc',
        sql,
      ]);
      return stdout.trim();
    },
    async restart(whileDown) {
      await halt();
      await whileDown?.();
      await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function serverUser(): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {};
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function untilReady(bin: string, socket: readonly string[]): Promise<void> {
  const until = Date.now() + START_WITHIN_MS;
  for (;;) {
    const isReady = await run(join(bin, 'pg_isready'), [...socket, '-t', '1']).then(
      () => true,
      () => false,
    );
    if (isReady) return;
    if (Date.now() > until) throw new Error(`PostgreSQL did not start within ${START_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
