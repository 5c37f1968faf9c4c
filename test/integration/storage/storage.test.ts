import { findPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { skip } from '../../support/skip.ts';
import { accountContract } from './account-contract.ts';
import { archiveContract } from './archive-contract.ts';
import { auditContract } from './audit-contract.ts';
import { careContract } from './care-contract.ts';
import { crashContract } from './crash-contract.ts';
import { databaseContract } from './database-contract.ts';
import { contactContract } from './contact-contract.ts';
import { messageContract } from './message-contract.ts';
import { outboxContract } from './outbox-contract.ts';
import { parkedContract } from './parked-contract.ts';
import { queueContract } from './queue-contract.ts';
import { schemaContract } from './schema-contract.ts';
import { postgresBench, sqliteBench, type StorageBench } from './storage-bench.ts';
import { transactionContract } from './transaction-contract.ts';

function storageContract(bench: StorageBench): void {
  describe('queues', () => queueContract(bench));
  describe('messages', () => messageContract(bench));
  describe('texts to carriers', () => outboxContract(bench));
  describe('what is given up', () => parkedContract(bench));
  describe('contacts', () => contactContract(bench));
  describe('accounts', () => accountContract(bench));
  describe('care policy', () => careContract(bench));
  describe('archive', () => archiveContract(bench));
  describe('audit log', () => auditContract(bench));
  describe('several repositories', () => transactionContract(bench));
  describe('database', () => databaseContract(bench));
  describe('schema', () => schemaContract(bench));
  describe('after a crash', () => crashContract(bench));
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
  after(async function () {
    this.timeout(60_000);
    await postgres?.stop();
  });

  storageContract(
    postgresBench(() => {
      if (postgres === undefined) throw new Error('PostgreSQL was not started');
      return postgres;
    }),
  );
});
