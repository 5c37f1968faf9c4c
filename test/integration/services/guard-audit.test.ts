/** The audit log's guard: signs and posts heads, and signs nothing that was rewritten (F1). */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import { checkpointBytes, type AuditCheckpoint } from '../../../src/model/audit-chain.ts';
import { AuditPublicKeys } from '../../../src/services/audit-keys.ts';
import { GuardAudit, SIGN_AFTER_ENTRIES } from '../../../src/services/guard-audit.ts';
import { TrustCheckpoint } from '../../../src/services/trust-checkpoint.ts';
import { CheckpointFile } from '../../../src/storage/checkpoint-file.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { tempDir } from '../../support/temp-dir.ts';
import {
  ADMIN,
  auditEntry,
  behindTheTriggers,
  faultsOf,
  KEY,
  OTHER_KEY,
  rewriteFrom,
} from '../storage/audit-builders.ts';
import { sqliteBench, type StorageConfig } from '../storage/storage-bench.ts';

const bench = sqliteBench();
const HOUR = 3_600_000;

describe('guard of the audit log', () => {
  let config: StorageConfig;
  let storage: Storage;
  let memory: CheckpointFile;
  /** What the security room was told, by its cause. */
  let told: Map<string, string>;
  let tellFails: boolean;
  let now: number;
  const security = {
    async tell(text: string, { cause, isAlarm }: { cause: string; isAlarm?: boolean }) {
      if (tellFails) throw new RetryableError('the process dies here');
      // A head that was signed calls nobody.
      expect(isAlarm === true, cause).to.equal(!cause.startsWith('audit.signed'));
      told.set(cause, text);
    },
  };
  const verifier = new AuditPublicKeys([KEY.publicKey]);

  beforeEach(async () => {
    config = await bench.newConfig();
    storage = await openStorage(config);
    memory = new CheckpointFile(join(await tempDir('checkpoint'), 'checkpoint.json'));
    [told, tellFails, now] = [new Map(), false, Date.now()];
  });

  afterEach(() => storage.close());

  /** The guard of a process that has just started. */
  function started() {
    const { audit, auditTrail, transactions } = storage;
    const parts = { audit, auditTrail, transactions, security, signer: KEY, verifier, memory, log: silentLogger };
    const guard = new GuardAudit({ ...parts, signEveryMs: 60_000 });
    return () => guard.run((now += HOUR));
  }

  async function append(count: number) {
    for (let n = 0; n < count; n++) await storage.audit.append(auditEntry());
  }

  const causes = () => [...told.keys()].map((cause) => cause.replace(/:[0-9a-f]{64}$/, ''));
  const lastNumber = async () => (await storage.auditTrail.lastCheckpoint())?.number;

  it('posts each signed head, and says once that the log was changed', async () => {
    const look = started();
    await look();
    expect(told.size).to.equal(0);
    await append(1);
    await look();
    await look();
    const head = await storage.auditTrail.head();
    expect([...told]).to.deep.equal([
      [
        `audit.signed:1:${head?.hash}`,
        `Audit log signed: 1 entries. Head 1:${head?.hash} (checkpoint 1, key ${KEY.keyId}).`,
      ],
    ]);
    expect(SIGN_AFTER_ENTRIES).to.be.greaterThan(100);
    await append(1);
    const behind = await behindTheTriggers(bench, config);
    await behind("UPDATE audit_log SET outcome = 'refused' WHERE seq = 2");
    await look();
    await look();
    expect(causes()).to.deep.equal(['audit.signed:1', 'audit.broken:row:2']);
    const rows = await storage.auditTrail.rows(0, 10);
    expect(rows.map(({ action }) => action)).to.deep.equal(['role.give', 'role.give', 'audit.broken']);
    expect(await lastNumber()).to.equal(1);
  });

  for (const [who, restart] of [
    ['the process that signed it', false],
    ['a process that was restarted', true],
  ] as const) {
    it(`F1: a log that was rewritten together with its checkpoints is not signed by ${who}, which says so`, async () => {
      const first = started();
      await append(3);
      await first();
      await append(3);
      await first();
      await rewriteFrom(5, storage, bench, config);
      // Nothing in the database tells.
      expect((await faultsOf(storage.auditTrail)).verdict).to.include({ rows: 6, checkpoints: 1, faults: 0 });
      const look = restart ? started() : first;
      await append(3);
      for (let n = 0; n < 3; n++) await look();
      const at = restart ? 6 : 3;
      expect(causes()).to.deep.equal(['audit.signed:1', 'audit.signed:2', `audit.broken:missing:${at}`]);
      expect([...told.values()].at(-1)).to.match(/may have been rewritten: the last signed checkpoint is missing/);
      expect([...told.values()].at(-1)).to.include('Only if a backup was restored');
      expect(await lastNumber()).to.equal(1);
      const { seq, headHash: hash } = JSON.parse(await readFile(memory.path, 'utf8')) as {
        seq: number;
        headHash: string;
      };
      const { faults } = await faultsOf(storage.auditTrail, { expected: [{ seq, hash }] });
      expect(faults.join()).to.match(/row 6 was rewritten/);
    });
  }

  const MEMORIES: readonly (readonly [string, () => Promise<void>, string])[] = [
    ['is gone', async () => rm(memory.path), 'not-remembered'],
    ['is not what was written', async () => writeFile(memory.path, '{"number":1}'), 'unreadable'],
    [
      'has the next one, which nobody signed',
      async () => memory.write({ ...((await memory.read()) as AuditCheckpoint), number: 2 }),
      'unreadable',
    ],
    [
      'has the next one, signed by somebody else',
      async () => {
        const { signature: _ours, ...next } = { ...((await memory.read()) as AuditCheckpoint), number: 2 };
        const unsigned = { ...next, keyId: OTHER_KEY.keyId };
        await memory.write({ ...unsigned, signature: OTHER_KEY.sign(checkpointBytes(unsigned)) });
      },
      'unreadable',
    ],
  ];
  for (const [what, happen, why] of MEMORIES) {
    it(`F1: after a restart, nothing is signed where the file that remembers ${what}`, async () => {
      await append(1);
      await started()();
      await happen();
      await append(1);
      await started()();
      expect(causes().at(-1)).to.equal(`audit.broken:${why}:1`);
      expect(await lastNumber()).to.equal(1);
    });
  }

  it('F1: a checkpoint that another put into the place of ours is not believed', async () => {
    const look = started();
    await append(1);
    await look();
    const behind = await behindTheTriggers(bench, config);
    await behind("UPDATE audit_checkpoints SET head_hash = 'x'");
    await look();
    await behind('UPDATE audit_checkpoints SET number = 2');
    await look();
    expect((await storage.auditTrail.checkpoints(0, 10)).length).to.equal(1);
    expect(causes().slice(1)).to.deep.equal(['audit.broken:another:1:x']);
  });

  it('F1: kill -9 between remembering and committing: the same checkpoint is committed after it, and posted', async () => {
    await append(1);
    await started()();
    await append(1);
    tellFails = true;
    expect(await started()().catch((error: unknown) => (error as Error).message)).to.equal('the process dies here');
    tellFails = false;
    const remembered = await memory.read();
    expect([await lastNumber(), causes()]).to.deep.equal([1, ['audit.signed:1']]);
    await append(1);
    const look = started();
    await look();
    expect(await storage.auditTrail.lastCheckpoint()).to.deep.equal(remembered);
    expect(causes()).to.deep.equal(['audit.signed:1', 'audit.signed:2']);
    await look();
    expect(await storage.auditTrail.lastCheckpoint()).to.include({ number: 3, seq: 3 });
    expect((await faultsOf(storage.auditTrail)).faults).to.deep.equal([]);
  });

  it('F1: what was rewritten before such a checkpoint is committed is found', async () => {
    await append(2);
    tellFails = true;
    await started()().catch(() => undefined);
    tellFails = false;
    await rewriteFrom(2, storage, bench, config);
    await started()();
    expect(causes()).to.deep.equal(['audit.broken:missing:2:none']);
    expect(await lastNumber()).to.equal(undefined);
  });

  it('F1: a restored backup is gone on from where somebody says so, on record; a changed one is not', async () => {
    await append(2);
    await started()();
    const backup = await storage.auditTrail.lastCheckpoint();
    await append(2);
    await started()();
    const behind = await behindTheTriggers(bench, config);
    await behind('DELETE FROM audit_checkpoints WHERE number = 2');
    await behind('DELETE FROM audit_log WHERE seq > 2');
    await started()();
    expect(causes().at(-1)).to.equal('audit.broken:missing:3');
    const { transactions, audit: log, auditTrail: trail } = storage;
    const trust = () =>
      new TrustCheckpoint({ transactions, log, trail, memory, verifier, security }).run({
        by: ADMIN,
        reason: 'restored on Monday',
        systemUser: 'root',
      });
    expect(await trust()).to.equal(0);
    const entry = (await trail.rows(0, 10)).at(-1)!;
    expect(entry).to.include({ action: 'audit.trust', actor: ADMIN, cause: 'command line' });
    expect(trail.open(entry)).to.include({ reason: 'restored on Monday' });
    expect(trail.open(entry).before).to.match(/^checkpoint 2 \(4:/);
    expect(trail.open(entry).after).to.equal(`checkpoint 1 (2:${backup?.headHash})`);
    expect(causes().at(-1)).to.match(/^audit\.trust:/);
    await started()();
    expect(causes().at(-1)).to.equal('audit.signed:2');
    expect((await faultsOf(trail)).faults).to.deep.equal([]);
    await behind("UPDATE audit_log SET actor = '@x:y' WHERE seq = 1");
    const remembered = await memory.read();
    expect(await trust()).to.equal(1);
    expect(await memory.read()).to.deep.equal(remembered);
  });
});
