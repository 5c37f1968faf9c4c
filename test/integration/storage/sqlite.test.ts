import { expect } from 'chai';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../../src/errors.ts';
import { migrate } from '../../../src/storage/migrate.ts';
import { openDatabase } from '../../../src/storage/open-database.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { inboxRow } from './builders.ts';
import { newPhiKey, sqliteBench, type StorageConfig } from './storage-bench.ts';

const NOW = 1_000_000;
const bench = sqliteBench();
const pathOf = ({ database }: StorageConfig) => (database.dialect === 'sqlite' ? database.path : '');

describe('storage in an SQLite file', () => {
  it('is readable by nobody else, its log included, and is one file when closed', async () => {
    const config = await bench.newConfig();
    const folder = dirname(pathOf(config));
    const storage = await openStorage(config);
    await storage.inbox.add(inboxRow(), NOW);
    const files = await readdir(folder);
    expect(files).to.include('carebridge.sqlite-wal');
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o077, file).to.equal(0);
    expect((await stat(folder)).mode & 0o077).to.equal(0);
    await storage.close();
    expect(await readdir(folder)).to.deep.equal(['carebridge.sqlite']);
  });

  it('is set up for durability and wiping on every connection, those of transactions too', async () => {
    const open = await openDatabase((await bench.newConfig()).database);
    const { database } = open;
    const settings = async (transaction: Parameters<Parameters<typeof database.read>[0]>[0]) =>
      Promise.all(
        ['journal_mode', 'synchronous', 'secure_delete', 'foreign_keys', 'recursive_triggers'].map(async (name) => {
          const [record] = await database.select(transaction, `PRAGMA ${name}`);
          return Object.values(record ?? {})[0] as unknown;
        }),
      );
    expect(await settings(null)).to.deep.equal(['wal', 2, 1, 1, 1]);
    expect(await database.inTransaction(settings)).to.deep.equal(['wal', 2, 1, 1, 1]);
    await open.close();
  });

  const PLANS: readonly (readonly [string, string, RegExp])[] = [
    [
      'the heads of lanes, in their order',
      `SELECT t.seq FROM outbox AS t WHERE t.run_at IS NOT NULL AND +t.run_at <= 1
        AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.lane = t.lane AND e.seq < t.seq AND e.run_at IS NOT NULL)
        ORDER BY t.seq LIMIT 16`,
      /^SCAN t USING INDEX outbox_in_order\n.*\n.*COVERING INDEX outbox_waiting/,
    ],
    [
      'the next time',
      'SELECT MIN(delivery_run_at) FROM inbox WHERE delivery_run_at IS NOT NULL AND delivery_run_at > 1',
      /COVERING INDEX inbox_delivery_due/,
    ],
    [
      'what a room wakes',
      "UPDATE matrix_events SET run_at = 0 WHERE waits_outside AND run_at IS NOT NULL AND room_id = 'x'",
      /INDEX matrix_events_room_outside/,
    ],
    ['a row by its id', "UPDATE outbox SET code = 'x' WHERE id = 'x' AND run_at IS NOT NULL", /\(id=\?\)/],
    [
      'what to wipe',
      'SELECT seq FROM inbox WHERE finished_at IS NOT NULL AND content IS NOT NULL AND finished_at <= 5 ORDER BY finished_at',
      /INDEX inbox_unwiped/,
    ],
    ['what to remove', 'SELECT seq FROM inbox WHERE finished_at <= 5 ORDER BY finished_at', /INDEX inbox_finished/],
    [
      'a text by its reference',
      "SELECT * FROM outbox WHERE carrier = 'x' AND carrier_reference = 'y'",
      /INDEX outbox_carrier_reference/,
    ],
  ];
  for (const [what, sql, expected] of PLANS) {
    it(`finds ${what} by an index`, async () => {
      const { database, close } = await openDatabase((await bench.newConfig()).database);
      await migrate(database);
      const plan = await database.select<{ detail: string }>(null, `EXPLAIN QUERY PLAN ${sql}`);
      await close();
      expect(plan.map(({ detail }) => detail).join('\n'))
        .to.match(expected)
        .and.not.match(/SCAN (inbox|outbox|matrix_events)$/m);
    });
  }
  it('calls a full disk retryable, in a transaction too, and goes on when there is room', async () => {
    const open = await openDatabase((await bench.newConfig()).database);
    const { database } = open;
    await database.write((transaction) => database.execute(transaction, 'CREATE TABLE t (x TEXT)'));
    const insert = () =>
      database.write((transaction) => database.execute(transaction, 'INSERT INTO t VALUES ($1)', ['x'.repeat(9_000)]));
    const limit = async (pages: number) => {
      const pragma = `PRAGMA max_page_count = ${pages}`;
      await database.select(null, pragma);
      await database.inTransaction((transaction) => database.select(transaction, pragma));
    };
    const outcomes = async (...work: Promise<unknown>[]) =>
      (await Promise.allSettled(work)).map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as Error).name));
    await limit(3);
    expect(await outcomes(insert(), insert())).to.deep.equal(['RetryableError', 'RetryableError']);
    await limit(3);
    expect(await outcomes(database.run(async () => insert()))).to.deep.equal(['RetryableError']);
    await limit(1_000);
    expect(await outcomes(insert(), database.run(insert), insert())).to.deep.equal(['done', 'done', 'done']);
    const [rows] = await database.select<{ n: number }>(null, 'SELECT COUNT(*) AS n FROM t');
    expect(rows?.n).to.equal(3);
    await open.close();
  });

  it('refuses a file that is no database, or cannot be written, and says what to do', async () => {
    const folder = await tempDir('storage');
    const notOne = join(folder, 'text.sqlite');
    await writeFile(notOne, 'This is a letter, not a database.'.repeat(100));
    await mkdir(join(folder, 'folder.sqlite'));
    const refusal = async (path: string) => {
      const config = {
        database: { dialect: 'sqlite', path },
        secrets: { phiKeys: [newPhiKey()] },
        retention: { wipeAfterMs: 0 },
      } as const;
      return openStorage(config).then(
        () => undefined,
        (error: unknown) => error,
      );
    };
    for (const [path, words] of [
      [notOne, /is not an SQLite database, or is damaged\. Restore it/],
      [join(folder, 'folder.sqlite'), /cannot be written\. Check /],
      [join(notOne, 'x.sqlite'), /a folder of database\.path is a file\. Check /],
    ] as const) {
      const error = await refusal(path);
      expect(error, path).to.be.instanceOf(ConfigError).and.have.property('message').that.matches(words);
    }
  });
});
