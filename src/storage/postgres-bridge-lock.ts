import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sequelize } from 'sequelize';
import { ConfigError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { cannotOpen } from './open-database.ts';
import type { OnlyBridge } from './only-bridge.ts';
import { toStorageFault } from './storage-fault.ts';

/** PostgreSQL advisory lock of the bridge that runs, held as long as its connection; the number only has to be ours. */
const BRIDGE_LOCK = 5_201_907_247;
/** Between two tries, ms. */
const TRY_EVERY_MS = 250;

/** After so long without a word the other end is asked whether it is there; 10 s later without an answer the connection is over. */
const KEEPALIVE_MS = 10_000;
/** The server asks later than we do, so that we stop before another may begin: after 30 s in all. */
const SERVER_KEEPALIVE = '-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

/** How long the lock is tried for while somebody else has it, ms. */
export interface LockPatience {
  /** At the start: the server notices within moments that the process before was killed. */
  readonly startMs: number;
  /** After it was lost: longer than the server may take our own old connection for alive. */
  readonly retakeMs: number;
}

const PATIENCE: LockPatience = { startMs: 5_000, retakeMs: 40_000 };

/** What is used of a connection of the driver `pg`. */
interface Session {
  query<Row>(sql: string, values: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
  once(event: 'end', listener: () => void): void;
}

/** Holds the lock on a connection of its own. When that is lost, the lock is taken again. */
export class PostgresBridgeLock implements OnlyBridge {
  readonly #sequelize: Sequelize;
  readonly #log: Logger;
  readonly #patience: LockPatience;
  readonly #stopping = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  #session: Session | undefined;
  #retaking: Promise<void> = Promise.resolve();

  private constructor(url: string, log: Logger, patience: LockPatience) {
    this.#sequelize = new Sequelize(url, {
      dialect: 'postgres',
      logging: false,
      pool: { max: 1, acquire: 30_000 },
      dialectOptions: {
        application_name: 'carebridge-lock',
        connectionTimeoutMillis: 10_000,
        options: SERVER_KEEPALIVE,
        stream: () => new Socket().setKeepAlive(true, KEEPALIVE_MS),
      },
    });
    this.#patience = patience;
    this.#log = log;
    this.#failed.promise.catch(() => undefined);
  }

  /** Throws ConfigError where another bridge has the lock, or the database cannot be reached. */
  static async take(url: string, log: Logger, patience = PATIENCE): Promise<PostgresBridgeLock> {
    const lock = new PostgresBridgeLock(url, log, patience);
    try {
      await lock.#take(patience.startMs);
      return lock;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw cannotOpen(error);
    }
  }

  get problem(): string | undefined {
    return this.#session === undefined
      ? 'The connection that keeps a second Carebridge away is lost. Nothing is sent until it is back.'
      : undefined;
  }

  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#retaking;
    if (this.#session) this.#sequelize.connectionManager.releaseConnection(this.#session);
    await this.#sequelize.close();
  }

  async #take(withinMs: number): Promise<void> {
    const { connectionManager } = this.#sequelize;
    const session = (await connectionManager.getConnection({ type: 'write' })) as Session;
    const ended = Promise.withResolvers<void>();
    session.once('end', ended.resolve);
    try {
      await this.#tryUntil(session, Date.now() + withinMs);
    } catch (error) {
      await connectionManager.destroyConnection(session).catch(() => undefined);
      throw error;
    }
    this.#session = session;
    void ended.promise.then(() => this.#lost());
  }

  async #tryUntil(session: Session, until: number): Promise<void> {
    for (;;) {
      const sql = 'SELECT pg_try_advisory_lock($1) AS taken';
      const { rows } = await session.query<{ taken: boolean }>(sql, [BRIDGE_LOCK]);
      if (rows[0]?.taken === true) return;
      if (Date.now() >= until) throw await this.#refusal(session);
      await sleep(TRY_EVERY_MS, undefined, { signal: this.#stopping.signal });
    }
  }

  async #refusal(session: Session): Promise<ConfigError> {
    const { rows } = await session.query<{ address: string | null }>(
      `SELECT host(client_addr) AS address FROM pg_stat_activity JOIN pg_locks USING (pid)
       WHERE locktype = 'advisory' AND granted AND datname = current_database() AND (classid::bigint << 32 | objid::bigint) = $1`,
      [BRIDGE_LOCK],
    );
    return new ConfigError(
      `database.url: another Carebridge is running on the database "${this.#sequelize.getDatabaseName()}", from ${rows[0]?.address ?? 'the database’s own machine'}. ` +
        'Only one may, else patients get texts twice. Stop the other one first, or give this one a database of its own.',
    );
  }

  #lost(): void {
    this.#session = undefined;
    if (this.#stopping.signal.aborted) return;
    this.#log.warn('bridge-lock.lost');
    this.#retaking = this.#retake();
  }

  async #retake(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#take(this.#patience.retakeMs);
        this.#log.info('bridge-lock.taken-again');
        return;
      } catch (error) {
        if (error instanceof ConfigError) return this.#failed.reject(error);
        this.#log.debug('bridge-lock.not-taken', { error: toStorageFault(error) });
        await sleep(TRY_EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }
}
