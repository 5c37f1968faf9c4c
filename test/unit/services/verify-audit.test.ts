import { expect } from 'chai';
import {
  auditHash,
  checkpointBytes,
  GENESIS,
  type AuditCheckpoint,
  type AuditRow,
} from '../../../src/model/audit-chain.ts';
import { faultsOf, KEY } from '../../integration/storage/audit-builders.ts';

function chain(length: number): AuditRow[] {
  const rows: AuditRow[] = [];
  for (let seq = 1; seq <= length; seq++) {
    const row = {
      seq,
      id: `id-${seq}`,
      at: 1_790_000_000_000 + seq,
      action: 'role.give',
      actor: '@a:b',
      outcome: 'done',
      target: seq % 2 ? '@c:d' : null,
      roomId: '!r',
      sourceEvent: '$e',
      cause: null,
      content: '1.ab.cd',
      trace: 't',
      prevHash: rows.at(-1)?.hash ?? GENESIS,
    };
    rows.push({ ...row, hash: auditHash(row) });
  }
  return rows;
}

function sign(rows: readonly AuditRow[], number: number, seq: number): AuditCheckpoint {
  const unsigned = { number, seq, headHash: rows[seq - 1]?.hash ?? '', at: 5, keyId: KEY.keyId };
  return { ...unsigned, signature: KEY.sign(checkpointBytes(unsigned)) };
}

function trailOf(rows: readonly AuditRow[], checkpoints: readonly AuditCheckpoint[]) {
  const sorted = checkpoints.toSorted((a, b) => a.number - b.number);
  return {
    rows: async (after: number, limit: number) =>
      rows
        .filter(({ seq }) => seq > after)
        .sort((a, b) => a.seq - b.seq)
        .slice(0, limit),
    checkpoints: async (after: number, limit: number) => sorted.filter(({ number }) => number > after).slice(0, limit),
    lastCheckpoint: async () => sorted.at(-1),
  };
}

/** Every way to change one byte to another or take it away. */
function* flips(value: string | number | null): Generator<string | number> {
  if (value === null) yield 'x';
  else if (typeof value === 'number') for (const change of [1, -1, 256, 65_536]) yield value + change;
  else
    for (let at = 0; at < value.length; at++) {
      yield `${value.slice(0, at)}${String.fromCharCode(value.charCodeAt(at) ^ 1)}${value.slice(at + 1)}`;
      yield `${value.slice(0, at)}${value.slice(at + 1)}`;
    }
}

describe('verification of the audit log', () => {
  const rows = chain(20);
  const checkpoints = [sign(rows, 1, 8), sign(rows, 2, 15)];

  it('finds nothing wrong with what is right', async () => {
    const { faults, verdict } = await faultsOf(trailOf(rows, checkpoints));
    expect(faults).to.deep.equal([]);
    expect(verdict).to.include({ rows: 20, checkpoints: 2, signedUpTo: 15 });
    expect((await faultsOf(trailOf([], []))).verdict).to.include({ rows: 0, faults: 0, head: undefined });
  });

  it('finds every single byte, in every column of every row, and names the row (F1)', async function () {
    this.timeout(30_000);
    let tried = 0;
    for (const row of chain(4)) {
      const base = chain(4);
      for (const field of Object.keys(row) as (keyof AuditRow)[]) {
        for (const value of flips(row[field])) {
          tried++;
          const changed = base.map((one) => (one.seq === row.seq ? { ...one, [field]: value } : one));
          const { faults } = await faultsOf(trailOf(changed, []));
          // A changed number of the last row is a row too far on, or one that is there twice.
          expect(faults.join('\n'), `${field} ${value}`).to.match(
            new RegExp(`^row (${row.seq}|${String(value)}) `, 'm'),
          );
        }
      }
    }
    expect(tried).to.be.greaterThan(1_000);
  });

  it('finds every single byte of a checkpoint', async () => {
    for (const [index, checkpoint] of checkpoints.entries()) {
      for (const field of Object.keys(checkpoint) as (keyof AuditCheckpoint)[]) {
        for (const value of flips(checkpoint[field])) {
          const changed = checkpoints.with(index, { ...checkpoint, [field]: value });
          const { faults } = await faultsOf(trailOf(rows, changed));
          expect(faults.length, `${field} ${value}`).to.be.greaterThan(0);
          expect(faults.join('\n'), `${field} ${value}`).to.match(/^checkpoint /m);
        }
      }
    }
  });

  it('finds each row and each checkpoint that is missing', async () => {
    for (const { seq } of rows) {
      const { faults } = await faultsOf(
        trailOf(
          rows.filter((row) => row.seq !== seq),
          checkpoints,
        ),
      );
      if (seq < 20) expect(faults[0]).to.match(new RegExp(`^row ${seq} is missing`));
    }
    expect((await faultsOf(trailOf(rows, checkpoints.slice(1)))).faults).to.deep.equal(['checkpoint 1 is missing']);
    const cut = trailOf(rows.slice(0, 12), checkpoints);
    expect((await faultsOf(cut)).faults).to.deep.equal([
      'row 13 is missing, and all up to row 15 at the end of the log',
    ]);
    const after = await faultsOf(trailOf(rows.slice(0, 18), checkpoints), { expected: [{ seq: 20, hash: 'x' }] });
    expect(after.faults).to.deep.equal(['row 19 is missing, and all up to row 20 at the end of the log']);
  });

  it('finds a row that was changed together with its hash, and a log rewritten from there on', async () => {
    const { hash, ...rest } = rows[4] as AuditRow;
    const forged = { ...rest, actor: '@somebody:else' };
    const changed = rows.with(4, { ...forged, hash: auditHash(forged) });
    expect((await faultsOf(trailOf(changed, checkpoints))).faults[0]).to.match(/^row 6 does not follow row 5: /);
    const rewritten: AuditRow[] = [];
    for (const row of changed) {
      const one = { ...row, prevHash: rewritten.at(-1)?.hash ?? GENESIS };
      rewritten.push({ ...one, hash: auditHash(one) });
    }
    expect((await faultsOf(trailOf(rewritten, checkpoints))).faults).to.deep.equal([
      'row 8 was rewritten, or rows before it: checkpoint 1 signed another hash for it',
      'row 15 was rewritten, or rows before it: checkpoint 2 signed another hash for it',
    ]);
    expect(hash).to.have.length(64);
  });

  it('does not take a checkpoint that is made meanwhile for one of rows that are gone', async () => {
    const trail = trailOf(rows.slice(0, 10), checkpoints.slice(0, 1));
    const grown = trailOf(rows.slice(0, 10), checkpoints);
    const { faults } = await faultsOf({ ...trail, checkpoints: (after, limit) => grown.checkpoints(after, limit) });
    expect(faults).to.deep.equal([]);
  });
});
