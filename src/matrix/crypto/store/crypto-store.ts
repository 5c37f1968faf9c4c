/** Everything the bridge knows of its keys, in one file. */
import { rmSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ConfigError } from '../../../errors.ts';
import { newOpaqueId } from '../../../model/ids.ts';
import { DeviceChanges } from './device-changes.ts';
import { GroupCommit } from './group-commit.ts';
import { RecordTable } from './record-table.ts';
import { ReplayGuard } from './replay-guard.ts';
import { SessionAges } from './session-ages.ts';
import { openStoreFile, readBootId } from './store-file.ts';
import { newSalt, SCRYPT_COST, StoreKeys } from './store-keys.ts';
import { UserTable } from './user-table.ts';

export interface CryptoStoreOptions {
  readonly directory: string;
  readonly passphrase: string;
  /** Name of the engine that the store belongs to. */
  readonly engine: string;
  /** Object stores of the engine's databases that hold outbound Megolm sessions, see `CryptoStore`. */
  readonly outboundSessions: readonly string[];
  /** For a new store; lower in tests that make many. */
  readonly scryptCost?: number;
  /** What `readBootId` answers; given in tests. */
  readonly bootId?: string | undefined;
}

/** Of so many starts the marks are kept: a homeserver that was put back to an earlier time names one of them. */
const MAX_STARTS = 200;

/**
 * The crypto store. What a peer was sent must never be rolled back, or a ratchet key is used twice:
 *
 * - `kill -9` loses nothing: everything is with the kernel before the engine learns that it is stored, and only then something is sent.
 * - A power loss loses nothing that other machines rely on (identity, one-time keys, Olm sessions, room keys that came, the `since`
 *   token): that is on the disk first, by fdatasync. The one exception is the step of an outbound Megolm ratchet, taken with every
 *   message: it is only handed to the kernel, since waiting for the disk would be most of a message's cost. So the store notes the
 *   kernel's boot id and whether it was closed. Opened under another boot id (or where the platform has none) without having been
 *   closed, it drops all outbound Megolm sessions, and the next message in each room starts a new one.
 */
export class CryptoStore {
  /** Opaque, chosen when the store was made. */
  readonly id: string;
  readonly directory: string;
  /** True where the file did not exist, or held nothing yet. */
  readonly isNew: boolean;
  /** How many outbound Megolm sessions were dropped because of a power loss; undefined where there was none. */
  readonly droppedSessions: number | undefined;
  readonly keys: StoreKeys;
  readonly commits: GroupCommit;
  readonly records: RecordTable;
  readonly users: UserTable;
  readonly deviceChanges: DeviceChanges;
  readonly replays: ReplayGuard;
  readonly sessionAges: SessionAges;
  readonly #database: DatabaseSync;
  readonly #setMeta: StatementSync;
  readonly #openedAt: number;
  #since: string | undefined;
  #starts: readonly string[];

  /** Opens or creates. Throws ConfigError where it is in use, of another engine, damaged, or the passphrase is wrong. */
  static open(options: CryptoStoreOptions): CryptoStore {
    const { database, logPath } = openStoreFile(options.directory);
    try {
      return new CryptoStore(options, database, logPath);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  private constructor(options: CryptoStoreOptions, database: DatabaseSync, logPath: string) {
    this.#database = database;
    this.directory = options.directory;
    this.#setMeta = database.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
    const meta = readMeta(database);
    this.isNew = !meta.has('id');
    this.id = this.isNew ? newOpaqueId(16) : String(meta.get('id'));
    const salt = this.isNew ? newSalt() : (meta.get('salt') as Uint8Array);
    const cost = this.isNew ? (options.scryptCost ?? SCRYPT_COST) : Number(meta.get('scrypt_cost'));
    this.keys = new StoreKeys(options.passphrase, salt, cost);
    if (!this.isNew) refuseForeign(options, meta, this.keys);
    this.#since = meta.get('since') as string | undefined;
    this.#starts = ((meta.get('starts') as string | undefined) ?? '').split(' ').filter(Boolean);
    this.#openedAt = Number(meta.get('generation') ?? 0);
    this.records = new RecordTable(database);

    const bootId = 'bootId' in options ? options.bootId : readBootId();
    const isSameBoot = bootId !== undefined && bootId === meta.get('boot_id');
    const mayHaveLostPower = !this.isNew && meta.get('is_closed') !== 1 && !isSameBoot;
    // The file is still synchronous=FULL: what is written here is on the disk before anything else happens.
    database.exec('BEGIN');
    if (this.isNew)
      this.#writeMeta({ id: this.id, salt, scrypt_cost: cost, engine: options.engine, key_check: this.keys.check });
    const clear = (name: string): number => this.records.clearEverywhere(name);
    this.droppedSessions = mayHaveLostPower
      ? options.outboundSessions.map(clear).reduce((sum, count) => sum + count, 0)
      : undefined;
    this.#writeMeta({ boot_id: bootId ?? '', is_closed: 0 });
    database.exec('COMMIT; PRAGMA synchronous=NORMAL');

    let generation = this.#openedAt;
    this.commits = new GroupCommit(database, logPath, () => {
      this.#writeMeta({ generation: ++generation });
      return generation;
    });
    this.users = new UserTable(database, this.commits);
    this.deviceChanges = new DeviceChanges(database, this.commits, this.users.newestSeen());
    this.replays = new ReplayGuard(database, this.commits);
    this.sessionAges = new SessionAges(database, this.commits);
  }

  /** The number of commits that are known to survive a power loss. It never goes back, unless an older file was put in place. */
  get generation(): number {
    return Math.max(this.#openedAt, this.commits.durableGeneration);
  }

  /** From where the bot's sync goes on; undefined before the first. */
  get since(): string | undefined {
    return this.#since;
  }

  /** The marks of the newest starts. */
  get starts(): readonly string[] {
    return this.#starts;
  }

  /** Resolves once the mark is on the disk. `known`, which the homeserver has, stays however many starts do not get so far as to be known there. */
  async addStart(mark: string, known: string | undefined): Promise<void> {
    const others = this.#starts.filter((start) => start !== known).slice(2 - MAX_STARTS);
    const starts = [...(known === undefined ? [] : [known]), ...others, mark];
    await this.commits.run('power-loss', () => this.#writeMeta({ starts: starts.join(' ') }));
    this.#starts = starts;
  }

  /** Resolves once the token is on the disk, and with it everything handed over before. `also` is written in the same transaction. */
  async setSince(token: string, also: () => void = () => {}): Promise<void> {
    await this.commits.run('power-loss', () => {
      this.#writeMeta({ since: token });
      also();
    });
    this.#since = token;
  }

  /** Waits for pending writes and closes the file as one that lost nothing. */
  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    await this.commits.close();
    this.#database.exec('PRAGMA synchronous=FULL');
    this.#writeMeta({ is_closed: 1 });
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#database.close();
  }

  #writeMeta(facts: Readonly<Record<string, string | number | Uint8Array>>): void {
    for (const [name, value] of Object.entries(facts)) this.#setMeta.run(name, value);
  }
}

/** Deletes the store in this folder, keys and all. */
export function deleteCryptoStore(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

function readMeta(database: DatabaseSync): ReadonlyMap<string, unknown> {
  const rows = database.prepare('SELECT name, value FROM meta').all() as { name: string; value: unknown }[];
  return new Map(rows.map(({ name, value }) => [name, value]));
}

function refuseForeign(options: CryptoStoreOptions, meta: ReadonlyMap<string, unknown>, keys: StoreKeys): void {
  const engine = String(meta.get('engine'));
  if (engine !== options.engine) {
    throw new ConfigError(
      `encryption.engine: the crypto store was made by the engine "${engine}", and "${options.engine}" cannot read it. ` +
        `Set encryption.engine to ${engine}, or run \`carebridge reset-crypto\` to begin with new keys.`,
    );
  }
  if (!keys.matches(meta.get('key_check') as Uint8Array)) {
    throw new ConfigError(
      'encryption.passphrase: the crypto store was made with another passphrase. Set that one; ' +
        'if it is lost, run `carebridge reset-crypto` to begin with new keys.',
    );
  }
}
