/** The audit log where the disk is full, and how it is signed. */
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, RetryableError } from '../../../src/errors.ts';
import type { AuditCheckpoint } from '../../../src/model/audit-chain.ts';
import { silentLogger } from '../../../src/log.ts';
import { openAuditKey } from '../../../src/services/audit-keys.ts';
import { SignAudit } from '../../../src/services/sign-audit.ts';
import { CheckpointFile } from '../../../src/storage/checkpoint-file.ts';
import { migrate } from '../../../src/storage/migrate.ts';
import { NumberHash } from '../../../src/storage/number-hash.ts';
import { openDatabase } from '../../../src/storage/open-database.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { PhiCipher } from '../../../src/storage/phi-cipher.ts';
import { SequelizeAuditLog } from '../../../src/storage/sequelize-audit-log.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { auditEntry, faultsOf, KEY, knownCheckpoint, signNow } from './audit-builders.ts';
import { sqliteBench } from './storage-bench.ts';

const bench = sqliteBench();

describe('audit log on a full disk', () => {
  it('throws RetryableError, takes what it is part of back with it, loses nothing, and goes on when there is room', async () => {
    const config = await bench.newConfig();
    const { database, close } = await openDatabase(config.database);
    await migrate(database);
    const cipher = new PhiCipher(config.secrets.phiKeys);
    const numberHash = new NumberHash(new Uint8Array(32));
    const log = new SequelizeAuditLog({
      database,
      cipher,
      numberHash,
      wipeAtOnce: false,
      onUnreadable: async () => undefined,
    });
    const limit = async (pages: number) => {
      const pragma = `PRAGMA max_page_count = ${pages}`;
      await database.select(null, pragma);
      await database.inTransaction((transaction) => database.select(transaction, pragma));
    };
    const big = (id: string) => auditEntry({ id, details: 'x'.repeat(9_000) });
    const outcome = (work: Promise<unknown>) =>
      work.then(
        () => 'done',
        (error: unknown) => (error instanceof RetryableError ? 'retry' : String(error)),
      );
    await log.append(auditEntry({ id: 'before' }));
    await limit(3);
    // What is destructive comes after the entry, so it never runs.
    let destroyed = 0;
    const command = async (id: string) => {
      await log.append(big(id));
      destroyed++;
    };
    expect(await Promise.all([outcome(command('a')), outcome(command('b'))])).to.deep.equal(['retry', 'retry']);
    await limit(3);
    const step = database.run(async () => {
      await database.write((transaction) =>
        database.execute(transaction, "INSERT INTO settings (key, value) VALUES ('half', 'done')"),
      );
      await command('c');
    });
    expect(await outcome(step)).to.equal('retry');
    expect(destroyed).to.equal(0);
    expect((await log.rows(0, 10)).map(({ id }) => id)).to.deep.equal(['before']);
    expect(await database.select(null, 'SELECT * FROM settings')).to.deep.equal([]);
    await limit(100_000);
    await Promise.all(['a', 'b', 'c'].map(command));
    expect(destroyed).to.equal(3);
    expect((await faultsOf(log)).verdict).to.include({ rows: 4, faults: 0 });
    await close();
  });

  it('throws RetryableError where the database refuses for any other reason', async () => {
    const config = await bench.newConfig();
    await using storage = await openStorage(config);
    await bench.sql(config, "CREATE TRIGGER no BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no'); END");
    const error = await storage.audit.append(auditEntry()).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(RetryableError).and.have.property('message', 'The audit log cannot be written.');
  });
});

describe('signing the audit log', () => {
  it('waits for enough entries or enough time, signs the head, and has it posted with the checkpoint', async () => {
    const config = await bench.newConfig();
    await using storage = await openStorage(config);
    const posted: AuditCheckpoint[] = [];
    let postFails = false;
    const sign = new SignAudit({
      trail: storage.auditTrail,
      signer: KEY,
      transactions: storage.transactions,
      log: silentLogger,
      everyEntries: 3,
      afterMs: 60_000,
      onBroken: async () => undefined,
      known: knownCheckpoint(storage, new CheckpointFile(join(await tempDir('checkpoint'), 'file.json'))),
      async onSigned(checkpoint) {
        if (postFails) throw new RetryableError('no room');
        posted.push(checkpoint);
      },
    });
    const now = Date.now();
    expect(await sign.run(now)).to.equal(undefined);
    await storage.audit.append(auditEntry());
    expect(await sign.run(now)).to.equal(undefined);
    expect(await sign.run(now + 61_000)).to.include({ number: 1, seq: 1, keyId: KEY.keyId });
    expect(await sign.run(now + 200_000)).to.equal(undefined);
    for (let n = 0; n < 3; n++) await storage.audit.append(auditEntry());
    postFails = true;
    expect(await sign.run(now).catch((error: unknown) => (error as Error).name)).to.equal('RetryableError');
    expect(await storage.auditTrail.lastCheckpoint()).to.include({ number: 1 });
    postFails = false;
    expect(await sign.run(now)).to.include({ number: 2, seq: 4 });
    expect(posted.map(({ seq }) => seq)).to.deep.equal([1, 4]);
    expect(posted[1]?.headHash).to.equal((await storage.auditTrail.head())?.hash);
  });

  const TAMPERING: readonly (readonly [string, number])[] = [
    ["UPDATE audit_log SET actor = '@x:y' WHERE seq = 5", 5],
    ["UPDATE audit_log SET actor = '@x:y' WHERE seq = 3", 3],
    ['DELETE FROM audit_log WHERE seq = 4', 4],
    ['DELETE FROM audit_log WHERE seq > 2', 3],
  ];
  for (const [sql, row] of TAMPERING) {
    it(`signs nothing over ${sql}`, async () => {
      const config = await bench.newConfig();
      await using storage = await openStorage(config);
      for (let n = 0; n < 3; n++) await storage.audit.append(auditEntry());
      await signNow(storage);
      for (let n = 0; n < 3; n++) await storage.audit.append(auditEntry());
      for (const name of await bench.sql(config, "SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        await bench.sql(config, `DROP TRIGGER ${name}`);
      await bench.sql(config, sql);
      const broken: number[] = [];
      expect(await signNow(storage, KEY, broken)).to.equal(undefined);
      expect(broken).to.deep.equal([row]);
      expect((await storage.auditTrail.lastCheckpoint())?.number).to.equal(1);
    });
  }

  it('does not start without its key once something is signed', async () => {
    await using storage = await openStorage(await bench.newConfig());
    expect(await openAuditKey(undefined, storage.auditTrail)).to.equal(undefined);
    await storage.audit.append(auditEntry());
    await signNow(storage);
    const refused = await openAuditKey(undefined, storage.auditTrail).catch((error: unknown) => error);
    expect(refused)
      .to.be.instanceOf(ConfigError)
      .and.have.property('message')
      .that.matches(/Restore the key/);
    expect((await openAuditKey(new Uint8Array(32), storage.auditTrail))?.keyId).to.match(/^[0-9a-f]{16}$/);
  });
});
