import { newOpaqueId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { PolicyVersion, PolicyVersionStore } from '../ports/policy-version-store.ts';
import type { Transactions } from '../ports/transactions.ts';

/** The versions of the policy, each new one of which is in the audit log too, in the same commit (F7). */
export function auditedPolicyVersions(
  versions: PolicyVersionStore,
  { audit, transactions }: { readonly audit: AuditLog; readonly transactions: Transactions },
): PolicyVersionStore {
  return {
    inEffect: (subject, at) => versions.inEffect(subject, at),
    history: (subject) => versions.history(subject),
    keep: (subject, content, now) =>
      transactions.run(async () => {
        const before = (await versions.history(subject)).at(-1);
        const kept = await versions.keep(subject, content, now);
        if (kept.version === before?.version) return kept;
        await audit.append({
          id: `policy.change:${subject}:${kept.version}`,
          action: 'policy.change',
          actor: 'carebridge',
          outcome: 'done',
          cause: 'configuration',
          target: subject,
          trace: newOpaqueId(),
          before: before && nameOf(before),
          after: nameOf(kept),
        });
        return kept;
      }),
  };
}

function nameOf({ version, hash }: PolicyVersion) {
  return { version, hash };
}
