/** Two bridges on one database would text patients twice: the second is refused, whatever crypto store it has. */
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { startChild, type Child } from '../../../src/cli/demo/children.ts';
import { ConfigError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import { beOnlyBridge } from '../../../src/storage/be-only-bridge.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import type { LockPatience } from '../../../src/storage/postgres-bridge-lock.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { skip } from '../../support/skip.ts';
import { waitFor } from '../../support/wait-for.ts';
import { configToJson, postgresBench, sqliteBench, type StorageBench, type StorageConfig } from './storage-bench.ts';

const SCRIPT = join(import.meta.dirname, 'stay-only-bridge.ts');

const AT_ONCE: LockPatience = { startMs: 0, retakeMs: 0 };

/** Another process that is the only bridge by now. */
async function startOther(config: StorageConfig): Promise<Child> {
  const child = await startChild('bridge', process.execPath, [SCRIPT, configToJson(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.process.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  expect(said.toString()).to.equal('alone\n');
  return child;
}

async function refusal(config: StorageConfig): Promise<string> {
  const error = await beOnlyBridge(config.database, silentLogger, AT_ONCE).catch((fault: unknown) => fault);
  expect(error).to.be.instanceOf(ConfigError);
  return (error as ConfigError).message;
}

function contract(bench: StorageBench): void {
  it('refuses a second bridge in a sentence with what to do, and no other verb', async () => {
    const config = await bench.newConfig();
    const other = await startOther(config);
    expect(await refusal(config)).to.match(
      /^database\.(url|path): another Carebridge is running on .* Only one may, else patients get texts twice\. Stop /,
    );
    await (await openStorage(config)).close();
    expect(await refusal(config)).to.match(/another Carebridge is running/);
    await other.kill();
  });

  it('lets the next one in at once, after the first ended and after kill -9', async () => {
    const config = await bench.newConfig();
    await (await beOnlyBridge(config.database, silentLogger))[Symbol.asyncDispose]();
    await (await startOther(config)).kill();
    const other = await startOther(config);
    await other.kill();
    await using only = await beOnlyBridge(config.database, silentLogger);
    expect(only.problem).to.equal(undefined);
  });
}

describe('the only bridge on an SQLite file', function () {
  this.timeout(30_000);
  contract(sqliteBench());
});

describe('the only bridge on a PostgreSQL database', function () {
  this.timeout(30_000);
  let postgres: TestPostgres | undefined;
  const running = () => {
    if (postgres === undefined) throw new Error('PostgreSQL was not started');
    return postgres;
  };
  const bench = postgresBench(running);
  const END_LOCKS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'carebridge-lock'";

  before(async function () {
    this.timeout(60_000);
    const bin = await findPostgres();
    if (bin === undefined) skip(this, 'PostgreSQL is not installed (initdb not found)');
    postgres = await startPostgres(bin);
  });
  after(() => postgres?.stop());

  contract(bench);

  it('says that it is not sure while the server is away, and takes the lock again when it is back', async () => {
    const config = await bench.newConfig();
    await using only = await beOnlyBridge(config.database, silentLogger);
    await running().restart(async () => {
      await waitFor('it to notice', () => only.problem !== undefined);
      expect(only.problem).to.match(/Nothing is sent until it is back/);
    });
    await waitFor('it to be sure again', () => only.problem === undefined);
    expect(await refusal(config)).to.match(/another Carebridge is running/);
  });

  it('fails where another bridge has the database when the connection is back', async () => {
    const config = await bench.newConfig();
    await using only = await beOnlyBridge(config.database, silentLogger, AT_ONCE);
    const failed = only.failed.catch((error: unknown) => error);
    // Waits in the server, so that it has the lock in the moment that the connection is gone.
    const other = bench.sql(config, 'SELECT pg_advisory_lock(5201907247), pg_sleep(60)').catch(() => undefined);
    const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()";
    await waitFor('the other one to wait', async () => (await bench.sql(config, waiting)).length === 1);
    await bench.sql(config, `${END_LOCKS} AND datname = current_database()`);
    expect(await failed)
      .to.be.instanceOf(ConfigError)
      .and.have.property('message')
      .that.matches(/another Carebridge is running on the database "t_\w+", from .*Stop the other one first/);
    expect(only.problem).to.be.a('string');
    await bench.sql(
      config,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()",
    );
    await other;
  });
});
