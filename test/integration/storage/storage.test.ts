import { findPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { skip } from '../../support/skip.ts';
import { databaseContract } from './database-contract.ts';
import { queueContract } from './queue-contract.ts';
import { postgresBench, sqliteBench, type StorageBench } from './storage-bench.ts';
import { storeContract } from './store-contract.ts';

function storageContract(bench: StorageBench): void {
  queueContract(bench);
  storeContract(bench);
  databaseContract(bench);
}

describe('storage on SQLite', () => {
  storageContract(sqliteBench());
});

describe('storage on PostgreSQL', () => {
  let postgres: TestPostgres | undefined;

  before(async function () {
    this.timeout(60_000);
    const bin = await findPostgres();
    if (bin === undefined) skip(this, 'PostgreSQL is not installed (initdb not found)');
    postgres = await startPostgres(bin);
  });
  after(() => postgres?.stop());

  storageContract(
    postgresBench(() => {
      if (postgres === undefined) throw new Error('PostgreSQL was not started');
      return postgres;
    }),
  );
});
