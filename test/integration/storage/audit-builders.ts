/** Audit entries and what is made of them, for tests. */
import { createHash } from 'node:crypto';
import { auditHash } from '../../../src/model/audit-chain.ts';
import type { AuditEntry } from '../../../src/model/audit-entry.ts';
import { newOpaqueId, type EventId, type RoomId, type UserId } from '../../../src/model/ids.ts';
import type { CheckpointMemory } from '../../../src/ports/checkpoint-memory.ts';
import { AuditKey, AuditPublicKeys } from '../../../src/services/audit-keys.ts';
import { silentLogger } from '../../../src/log.ts';
import { KnownCheckpoint } from '../../../src/services/known-checkpoint.ts';
import { SignAudit } from '../../../src/services/sign-audit.ts';
import { VerifyAudit, type AuditFault, type VerifyAuditParts } from '../../../src/services/verify-audit.ts';
import type { Storage } from '../../../src/storage/open-storage.ts';
import type { StorageBench, StorageConfig } from './storage-bench.ts';

export const ADMIN = '@admin:hospital.test' as UserId;
export const KEY = new AuditKey(createHash('sha256').update('a test key').digest());
export const OTHER_KEY = new AuditKey(createHash('sha256').update('another test key').digest());

/** An entry with every field filled. */
export function auditEntry(fields: Partial<AuditEntry & { id: string }> = {}): AuditEntry & { id: string } {
  return {
    id: newOpaqueId(),
    action: 'role.give',
    actor: ADMIN,
    outcome: 'done' as const,
    target: '@nurse:hospital.test',
    roomId: '!room:hospital.test' as RoomId,
    sourceEvent: '$event' as EventId,
    cause: 'command',
    reason: 'plantedtext reason',
    ticket: 'T-1',
    trace: 'trace',
    before: { roles: [] },
    after: { roles: ['nurse'] },
    details: { devices: ['plantedtext phone'] },
    ...fields,
  };
}

/** The checkpoint that was signed last, as one process has it. */
export function knownCheckpoint(storage: Storage, memory: CheckpointMemory) {
  return new KnownCheckpoint({ trail: storage.auditTrail, memory, verifier: new AuditPublicKeys([KEY.publicKey]) });
}

/** Signs whatever is unsigned, and takes what the database says was signed before for true. */
export async function signNow(storage: Storage, signer = KEY, broken: number[] = []) {
  const memory = { read: () => storage.auditTrail.lastCheckpoint(), write: async () => undefined };
  return new SignAudit({
    trail: storage.auditTrail,
    signer,
    transactions: storage.transactions,
    log: silentLogger,
    everyEntries: 1,
    afterMs: 0,
    onSigned: async () => undefined,
    known: knownCheckpoint(storage, memory),
    onBroken: async ({ seq }) => void broken.push(seq),
  }).run(Date.now());
}

/** Verifies, and returns every fault in words. */
export async function faultsOf(trail: VerifyAuditParts['trail'], more: Partial<VerifyAuditParts> = {}) {
  const faults: string[] = [];
  const onFault = ({ where, number, problem }: AuditFault) => faults.push(`${where} ${number} ${problem}`);
  const verifier = new AuditPublicKeys([KEY.publicKey]);
  const verdict = await new VerifyAudit({ trail, verifier, onFault, pageSize: 7, ...more }).run();
  return { faults, verdict };
}

/** Runs SQL as somebody who got rid of the triggers. */
export async function behindTheTriggers(bench: StorageBench, config: Parameters<StorageBench['sql']>[0]) {
  if (config.database.dialect === 'postgres')
    return (sql: string) => bench.sql(config, `SET session_replication_role = replica; ${sql}`);
  const triggers = await bench.sql(config, "SELECT name FROM sqlite_master WHERE type = 'trigger'");
  for (const name of triggers) await bench.sql(config, `DROP TRIGGER ${name}`);
  return (sql: string) => bench.sql(config, sql);
}

/** Rewrites the log from row `seq` on as somebody with the database would: other actors, all hashes right, and no checkpoint that tells. */
export async function rewriteFrom(seq: number, storage: Storage, bench: StorageBench, config: StorageConfig) {
  const behind = await behindTheTriggers(bench, config);
  await behind(`DELETE FROM audit_checkpoints WHERE seq >= ${seq}`);
  const rows = await storage.auditTrail.rows(seq - 1, 1_000);
  let prevHash = rows[0]!.prevHash;
  for (const row of rows) {
    const forged = { ...row, actor: '@somebody:else', prevHash };
    const hash = auditHash(forged);
    await behind(
      `UPDATE audit_log SET actor = '${forged.actor}', prev_hash = '${prevHash}', hash = '${hash}' WHERE seq = ${row.seq}`,
    );
    prevHash = hash;
  }
}
