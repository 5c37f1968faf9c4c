/** What the audit log promises (F1, F2, F5, F6). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AuditCheckpoint, AuditRow } from '../../../src/model/audit-chain.ts';
import type { AuditTrail } from '../../../src/ports/audit-trail.ts';
import { auditEntry, behindTheTriggers, faultsOf, KEY, OTHER_KEY, signNow } from './audit-builders.ts';
import { configToJson, type StorageBench } from './storage-bench.ts';
import { storageForEach } from './storage-for-each.ts';

const ROW_COLUMNS = {
  seq: 'seq',
  id: 'id',
  at: 'at',
  action: 'action',
  actor: 'actor',
  outcome: 'outcome',
  target: 'target',
  roomId: 'room_id',
  sourceEvent: 'source_event',
  cause: 'cause',
  content: 'content',
  trace: 'trace',
  prevHash: 'prev_hash',
  hash: 'hash',
} as const satisfies Record<keyof AuditRow, string>;
const CHECKPOINT_COLUMNS = {
  number: 'number',
  seq: 'seq',
  headHash: 'head_hash',
  at: 'at',
  keyId: 'key_id',
  signature: 'signature',
} as const satisfies Record<keyof AuditCheckpoint, string>;

/** The same with one byte changed, or added where there is nothing. */
function altered(value: string | number | null, at = -1): string | number {
  if (value === null) return 'x';
  if (typeof value === 'number') return value + 1_000;
  const index = at === -1 ? value.length - 1 : at;
  return `${value.slice(0, index)}${value[index] === 'x' ? 'y' : 'x'}${value.slice(index + 1)}`;
}

const literal = (value: string | number) => (typeof value === 'number' ? String(value) : `'${value}'`);

/** Defines the tests on `bench`. */
export function auditContract(bench: StorageBench): void {
  const use = storageForEach(bench);
  const append = async (count: number) => {
    for (let n = 0; n < count; n++) await use.storage.audit.append(auditEntry());
  };
  const rows = () => use.storage.auditTrail.rows(0, 100_000);

  it('numbers entries without gaps, chains them, and gives back what was written (F1, F2, F5)', async () => {
    const { audit, auditTrail } = use.storage;
    expect(await auditTrail.head()).to.equal(undefined);
    await audit.append(auditEntry({ id: 'full' }));
    await audit.append({ id: 'least', action: 'room.repair', actor: 'carebridge', outcome: 'refused', trace: 't' });
    const strange = 'a\0b \ud800 c\u2028 "d" \\ \u00e9';
    await audit.append(auditEntry({ id: 'strange', target: strange, reason: strange, cause: 'y'.repeat(5_000) }));
    const [full, least, odd] = await rows();
    expect([full?.seq, least?.seq, odd?.seq]).to.deep.equal([1, 2, 3]);
    expect(least).to.include({ prevHash: full?.hash, target: null, content: null, outcome: 'refused' });
    const { reason, ticket, before, after, details } = auditEntry();
    expect(auditTrail.open(full as AuditRow)).to.deep.equal({ reason, ticket, before, after, details });
    expect(auditTrail.open(least as AuditRow)).to.deep.equal({});
    expect(auditTrail.open(odd as AuditRow).reason).to.equal(strange);
    expect(await auditTrail.head()).to.deep.equal({ seq: 3, hash: odd?.hash });
    expect((await faultsOf(auditTrail)).faults).to.deep.equal([]);
    expect(full?.content).to.match(/^1\.[0-9a-f]{8}\./);
  });

  it('writes an id once, whenever it is repeated, and nothing of what is rolled back', async () => {
    const { audit, transactions } = use.storage;
    await Promise.all(Array.from({ length: 10 }, () => audit.append(auditEntry({ id: 'same' }))));
    await transactions
      .run(async () => {
        await audit.append(auditEntry({ id: 'lost' }));
        throw new Error('no');
      })
      .catch(() => undefined);
    await audit.append(auditEntry({ id: 'next' }));
    expect((await rows()).map(({ seq, id }) => [seq, id])).to.deep.equal([
      [1, 'same'],
      [2, 'next'],
    ]);
    expect((await faultsOf(use.storage.auditTrail)).faults).to.deep.equal([]);
  });

  it('filters by time, user, room and action', async () => {
    const { audit, auditTrail } = use.storage;
    await audit.append(auditEntry({ id: 'a' }));
    await audit.append(auditEntry({ id: 'b', actor: 'carebridge', target: '@x:hospital.test', action: 'room.repair' }));
    const ids = async (filter: Parameters<AuditTrail['rows']>[2]) =>
      (await auditTrail.rows(0, 10, filter)).map(({ id }) => id);
    const [first] = await rows();
    expect(await ids({ user: '@x:hospital.test' })).to.deep.equal(['b']);
    expect(await ids({ user: '@admin:hospital.test', room: '!room:hospital.test' })).to.deep.equal(['a']);
    expect(await ids({ room: '!none' })).to.deep.equal([]);
    expect(await ids({ action: 'room.repair' })).to.deep.equal(['b']);
    expect(await ids({ from: first?.at ?? 0, to: Date.now() + 1 })).to.deep.equal(['a', 'b']);
    expect(await ids({ to: first?.at ?? 0 })).to.deep.equal([]);
  });

  const CHANGES = [
    "UPDATE audit_log SET action = 'x'",
    'DELETE FROM audit_log',
    "UPDATE audit_checkpoints SET signature = 'x'",
    'DELETE FROM audit_checkpoints',
  ];
  for (const change of CHANGES) {
    it(`refuses ${change} from whoever connects, and the sweep leaves it alone (F6)`, async () => {
      await append(2);
      await signNow(use.storage);
      await use.storage.wipeFinished(Date.now() + 100 * 366 * 86_400_000);
      const refused = await bench.sql(use.config, change).catch((error: unknown) => String(error));
      expect(refused).to.match(/append-only/);
      expect(await use.count('audit_log', 'content IS NOT NULL')).to.equal(2);
      expect((await faultsOf(use.storage.auditTrail)).verdict).to.include({ rows: 2, checkpoints: 1, faults: 0 });
    });
  }

  it('names every row in which one byte of any column was changed', async function () {
    this.timeout(60_000);
    await append(4);
    await use.storage.audit.append({
      id: 'least',
      action: 'role.take',
      actor: 'carebridge',
      outcome: 'done',
      trace: 't',
    });
    await append(1);
    await signNow(use.storage);
    const { auditTrail } = use.storage;
    expect((await faultsOf(auditTrail)).verdict).to.include({ rows: 6, faults: 0, signedUpTo: 6 });
    const behind = await behindTheTriggers(bench, use.config);
    const all = await rows();
    const chosen = [all[1], all[4]] as AuditRow[];
    for (const row of chosen) {
      for (const [field, column] of Object.entries(ROW_COLUMNS)) {
        const value = row[field as keyof AuditRow];
        await behind(`UPDATE audit_log SET ${column} = ${literal(altered(value))} WHERE id = '${row.id}'`);
        const { faults } = await faultsOf(auditTrail);
        expect(faults[0], `${column} of row ${row.seq}`).to.match(
          new RegExp(`^row ${row.seq} (was changed|is missing)`),
        );
        const id = field === 'id' ? altered(row.id) : row.id;
        const before = value === null ? 'NULL' : literal(value);
        await behind(`UPDATE audit_log SET ${column} = ${before} WHERE id = '${id}'`);
      }
    }
    const [checkpoint] = await auditTrail.checkpoints(0, 1);
    for (const [field, column] of Object.entries(CHECKPOINT_COLUMNS)) {
      const value = (checkpoint as AuditCheckpoint)[field as keyof AuditCheckpoint];
      await behind(`UPDATE audit_checkpoints SET ${column} = ${literal(altered(value, 0))}`);
      expect((await faultsOf(auditTrail)).faults[0], column).to.match(/^checkpoint 1 |^checkpoint 1001 /);
      await behind(`UPDATE audit_checkpoints SET ${column} = ${literal(value)}`);
    }
    expect((await faultsOf(auditTrail)).faults).to.deep.equal([]);
  });

  it('names what was taken away, moved, or cut off at the end', async () => {
    await append(20);
    await signNow(use.storage);
    const behind = await behindTheTriggers(bench, use.config);
    const faults = async () => (await faultsOf(use.storage.auditTrail)).faults.join('\n');
    await behind('DELETE FROM audit_log WHERE seq IN (4, 5)');
    expect(await faults()).to.match(/^row 4 is missing, and all up to row 5$/m);
    await behind('UPDATE audit_log SET seq = -1 WHERE seq = 8');
    await behind('UPDATE audit_log SET seq = 8 WHERE seq = 9');
    await behind('UPDATE audit_log SET seq = 9 WHERE seq = -1');
    expect(await faults()).to.match(/^row 8 was changed.*\nrow 9 was changed/m);
    await behind('DELETE FROM audit_log WHERE seq > 17');
    expect(await faults()).to.match(/^row 18 is missing, and all up to row 20 at the end of the log$/m);
    const broken: number[] = [];
    expect(await signNow(use.storage, KEY, broken)).to.equal(undefined);
    expect(broken).to.have.length(1);
  });

  it('finds a log that was rewritten from some row on, by its signature or by a head written down elsewhere', async () => {
    await append(3);
    const early = await use.storage.auditTrail.head();
    await signNow(use.storage);
    await append(2);
    const { auditTrail } = use.storage;
    expect(await signNow(use.storage, OTHER_KEY)).to.include({ number: 2, seq: 5 });
    expect((await faultsOf(auditTrail)).faults).to.deep.equal([
      'checkpoint 2 is signed with a key that is not among those given',
    ]);
    const behind = await behindTheTriggers(bench, use.config);
    await behind('DELETE FROM audit_log');
    await append(6);
    const { faults } = await faultsOf(auditTrail, { expected: [early!] });
    expect(faults.join('\n')).to.match(
      /^row 3 was rewritten, or rows before it: checkpoint 1 signed another hash for it$/m,
    );
    expect(faults.join('\n')).to.match(/^row 3 was rewritten: it has another hash than the one that was written down/m);
  });

  it('keeps one chain while several processes append, some in transactions, some the same', async function () {
    this.timeout(60_000);
    const script = join(import.meta.dirname, 'append-audit.ts');
    const config = configToJson(use.config);
    const [processes, each] = [3, 30];
    const children = Array.from({ length: processes }, (_none, n) =>
      spawn(process.execPath, [script, config, `p${n}`, String(each)], { stdio: ['ignore', 'inherit', 'inherit'] }),
    );
    const codes = Promise.all(children.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
    // This process goes on as well, as the bridge does while somebody uses the command line.
    await append(each);
    expect(await codes).to.deep.equal([0, 0, 0]);
    const shared = each / 5;
    const expected = each + processes * (each - shared) + shared;
    expect((await faultsOf(use.storage.auditTrail)).verdict).to.include({ rows: expected, faults: 0 });
    expect((await rows()).at(-1)?.seq).to.equal(expected);
  });

  it('signs one checkpoint of a number, whoever else signs at the same time', async () => {
    await append(3);
    const made = await Promise.all(Array.from({ length: 4 }, () => signNow(use.storage)));
    expect(made.filter((one) => one !== undefined)).to.have.length(1);
    await append(1);
    expect(await signNow(use.storage)).to.include({ number: 2, seq: 4 });
    expect((await faultsOf(use.storage.auditTrail)).verdict).to.include({ checkpoints: 2, signedUpTo: 4, faults: 0 });
  });
}
