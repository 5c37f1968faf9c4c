/** Audit entries and what is made of them, for tests. */
import { createHash } from 'node:crypto';
import type { AuditEntry } from '../../../src/model/audit-entry.ts';
import { newOpaqueId, type EventId, type RoomId, type UserId } from '../../../src/model/ids.ts';
import { AuditKey, AuditPublicKeys } from '../../../src/services/audit-keys.ts';
import { silentLogger } from '../../../src/log.ts';
import { SignAudit } from '../../../src/services/sign-audit.ts';
import { VerifyAudit, type AuditFault, type VerifyAuditParts } from '../../../src/services/verify-audit.ts';
import type { Storage } from '../../../src/storage/open-storage.ts';

export const ADMIN = '@admin:hospital.test' as UserId;
export const KEY = new AuditKey(createHash('sha256').update('a test key').digest());
export const OTHER_KEY = new AuditKey(createHash('sha256').update('another test key').digest());

/** An entry with every field filled. */
export function auditEntry(fields: Partial<AuditEntry & { id: string }> = {}): AuditEntry & { id: string } {
  return {
    ...{ id: newOpaqueId(), action: 'role.give', actor: ADMIN, outcome: 'done' as const },
    ...{ target: '@nurse:hospital.test', roomId: '!room:hospital.test' as RoomId, sourceEvent: '$event' as EventId },
    ...{ cause: 'command', reason: 'plantedtext reason', ticket: 'T-1', trace: 'trace' },
    ...{ before: { roles: [] }, after: { roles: ['nurse'] }, details: { devices: ['plantedtext phone'] } },
    ...fields,
  };
}

/** Signs whatever is unsigned. */
export async function signNow(storage: Storage, signer = KEY, broken: number[] = []) {
  return new SignAudit({
    ...{ trail: storage.auditTrail, signer, transactions: storage.transactions, log: silentLogger },
    ...{ everyEntries: 1, afterMs: 0, onSigned: async () => undefined },
    onBroken: async (seq) => void broken.push(seq),
  }).run(Date.now(), true);
}

/** Verifies, and answers every fault in words. */
export async function faultsOf(trail: VerifyAuditParts['trail'], more: Partial<VerifyAuditParts> = {}) {
  const faults: string[] = [];
  const onFault = ({ where, number, problem }: AuditFault) => faults.push(`${where} ${number} ${problem}`);
  const verifier = new AuditPublicKeys([KEY.publicKey]);
  const verdict = await new VerifyAudit({ trail, verifier, onFault, pageSize: 7, ...more }).run();
  return { faults, verdict };
}
