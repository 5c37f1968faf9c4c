import { expect } from 'chai';
import { ConfigError } from '../../../src/errors.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { freePort } from '../../support/free-port.ts';
import { skip } from '../../support/skip.ts';
import { inboxRow } from './builders.ts';
import { postgresBench, type StorageConfig } from './storage-bench.ts';

const NOW = 1_000_000;

describe('storage in a PostgreSQL server that fails', () => {
  let postgres: TestPostgres | undefined;
  let config: StorageConfig;
  const running = () => {
    if (postgres === undefined) throw new Error('PostgreSQL was not started');
    return postgres;
  };
  const bench = postgresBench(running);
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (error as Error).name,
    );

  before(async function () {
    this.timeout(60_000);
    const bin = await findPostgres();
    if (bin === undefined) skip(this, 'PostgreSQL is not installed (initdb not found)');
    postgres = await startPostgres(bin);
    config = await bench.newConfig();
  });
  after(async function () {
    this.timeout(60_000);
    await postgres?.stop();
  });

  it('goes on after its connections were ended, and calls what was lost retryable', async () => {
    await using storage = await openStorage(config);
    await storage.inbox.add(inboxRow(), NOW);
    const lost = outcome(
      storage.transactions.run(async () => {
        await storage.settings.set('x', 'y');
        await bench.sql(config, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
        await storage.settings.set('x', 'z');
      }),
    );
    expect(await lost).to.equal('RetryableError');
    expect(await storage.settings.get('x')).to.equal(undefined);
    expect(await outcome(storage.inbox.add(inboxRow(), NOW))).to.equal('done');
    expect(await storage.check()).to.equal(undefined);
  });

  it('answers retryable while the server is away', async function () {
    this.timeout(60_000);
    const storage: Storage = await openStorage(config);
    await running().stop();
    postgres = undefined;
    expect(await outcome(storage.inbox.add(inboxRow(), NOW))).to.equal('RetryableError');
    expect(await outcome(storage.inbox.deliveries.due(NOW, new Set(), 1))).to.equal('RetryableError');
    expect(await storage.check()).to.match(/^The database /);
    await storage.close();
    const database = {
      dialect: 'postgres',
      url: `postgres://nurse:secretword@127.0.0.1:${await freePort()}/carebridge`,
    } as const;
    const refused = await openStorage({ ...config, database }).catch((error: unknown) => error);
    expect(refused)
      .to.be.instanceOf(ConfigError)
      .and.have.property('message')
      .that.matches(/nothing answers at database\.url/);
    expect(String((refused as Error).message)).not.to.include('secretword');
  });
});
