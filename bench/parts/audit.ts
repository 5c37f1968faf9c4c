/** The audit log: how fast entries are committed, and a log of many rows verified in a process of its own: rows a second, and whether its memory stays flat. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DatabaseSync } from 'node:sqlite';
import { auditHash, checkpointBytes, type AuditRow } from '../../src/model/audit-chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { newOpaqueId, type UserId } from '../../src/model/ids.ts';
import { AuditKey } from '../../src/services/audit-keys.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { inFlight } from '../in-flight.ts';
import type { PartResult, Plan } from '../plan.ts';
import { SEED, writeStorageConfig } from '../storage-config.ts';
import { round } from '../statistics.ts';

/** Rows between two signatures. */
const SIGNED_EVERY = 10_000;
/** As long as the encrypted content of a usual entry. */
const CONTENT_BYTES = 240;

interface Verified {
  readonly rows: number;
  readonly faults: number;
  readonly ms: number;
  readonly tenths: readonly number[];
  readonly residentMb: number;
}

/** Needs no homeserver. */
export async function measureAudit(plan: Plan): Promise<PartResult> {
  const folder = await mkdtemp(join(tmpdir(), 'carebridge-bench-audit-'));
  try {
    const config = await writeStorageConfig(folder);
    const appended = await appendedPerSecond(config, plan.auditAppends);
    const seededMs = await seed(config, join(folder, 'carebridge.db'), plan.auditRows);
    const verified = await verify(config);
    if (verified.faults > 0 || verified.rows < plan.auditRows) throw new Error('the log of the benchmark is not whole');
    // In the first tenth code is still being compiled.
    const [, second = 0] = verified.tenths;
    const last = verified.tenths.at(-1) ?? 0;
    return {
      name: 'audit',
      title: `Audit log: ${plan.auditRows} rows verified, SQLite`,
      findings: [
        { what: 'Entries committed one after another', value: round(appended.alone, 0), unit: '/s' },
        { what: 'Entries committed, 16 in flight', value: round(appended.together, 0), unit: '/s' },
        {
          what: 'Rows verified: hash, chain, signatures',
          value: round((verified.rows * 1_000) / verified.ms, 0),
          unit: '/s',
          note: `${round(verified.ms / 1_000, 1)} s for ${verified.rows} rows`,
        },
        {
          what: 'Memory in use, last tenth of the rows against the second',
          value: round(last / second),
          unit: '',
          goal: { atMost: 1.1 },
          note: `${round(last, 1)} MB and ${round(second, 1)} MB, garbage collected before`,
        },
        {
          what: 'Resident memory at most',
          value: round(verified.residentMb, 0),
          unit: 'MB',
          note: 'the system lends the process more than is in use',
        },
      ],
      details: { ...verified, seededMs: round(seededMs, 0) },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function appendedPerSecond(config: string, count: number): Promise<{ alone: number; together: number }> {
  await using storage = await openStorage(loadConfig(config, {}));
  const append = () =>
    storage.audit.append({
      id: newOpaqueId(),
      action: 'role.give',
      actor: '@admin:hospital.example' as UserId,
      outcome: 'done',
      reason: 'a new colleague',
      trace: newOpaqueId(),
      before: [],
      after: ['nurse'],
    });
  const all = Array.from({ length: count });
  const rate = async (width: number) => (count * 1_000) / (await inFlight(width, all, append));
  return { alone: await rate(1), together: await rate(16) };
}

/** Fills the log up, behind the program's back: through it, it would take most of an hour. */
async function seed(config: string, path: string, rows: number): Promise<number> {
  const startedAt = performance.now();
  const { auditTrail: trail, ...storage } = await openStorage(loadConfig(config, {}));
  const head = (await trail.head()) ?? { seq: 0, hash: '' };
  await storage.close();
  const key = new AuditKey(SEED);
  const database = new DatabaseSync(path);
  const insert = database.prepare(`INSERT INTO audit_log
    (seq, id, at, action, actor, outcome, target, room_id, source_event, cause, content, trace, prev_hash, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const sign = database.prepare('INSERT INTO audit_checkpoints VALUES (?, ?, ?, ?, ?, ?)');
  database.exec('PRAGMA synchronous = OFF; BEGIN');
  let prevHash = head.hash;
  let number = 0;
  const content = `1.01234567.${randomBytes(CONTENT_BYTES).toString('base64url')}`;
  for (let seq = head.seq + 1; seq <= rows; seq++) {
    const row: Omit<AuditRow, 'hash'> = {
      seq,
      id: `bench:${seq}`,
      at: 1_790_000_000_000 + seq,
      action: 'room.repair',
      actor: 'carebridge',
      outcome: 'done',
      target: '@nurse:hospital.example',
      roomId: '!abcdefghijklmnop:hospital.example',
      sourceEvent: '$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq',
      cause: 'state',
      content,
      trace: 'abcdefgh',
      prevHash,
    };
    const hash = auditHash(row);
    insert.run(
      ...[row.seq, row.id, row.at, row.action, row.actor, row.outcome, row.target, row.roomId, row.sourceEvent],
      ...[row.cause, row.content, row.trace, row.prevHash, hash],
    );
    prevHash = hash;
    if (seq % SIGNED_EVERY !== 0 && seq !== rows) continue;
    const unsigned = { number: ++number, seq, headHash: hash, at: row.at, keyId: key.keyId };
    sign.run(number, seq, hash, row.at, key.keyId, key.sign(checkpointBytes(unsigned)));
  }
  database.exec('COMMIT');
  database.close();
  return performance.now() - startedAt;
}

async function verify(config: string): Promise<Verified> {
  const script = join(import.meta.dirname, '../verify-audit.ts');
  const child = spawn(process.execPath, ['--expose-gc', script, config], { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as Verified;
}
