import type { EventId, UserId } from '../model/ids.ts';
import type { RoleSource } from '../model/role.ts';
import type { RoleChanges, UserRole } from '../policy/role-changes.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What writing roles needs. */
export interface RoleWriterParts {
  readonly roles: RoleStore;
  readonly audit: AuditLog;
  readonly transactions: Transactions;
  readonly policy: PolicyInEffect;
}

/** Who changes roles, and upon what. */
export interface RoleChangeCause {
  readonly source: RoleSource;
  readonly actor: UserId | 'carebridge';
  /** Unique to the command or the run: repeating one changes and audits nothing twice. */
  readonly id: string;
  /** Where the bridge acts by itself: upon what (A1). */
  readonly cause?: string | undefined;
  readonly sourceEvent?: EventId | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly trace: string;
}

/** Changes in one transaction: a directory of thousands must not keep patients’ texts from being written. */
const AT_ONCE = 50;

/** Writes changes, each with its line in the audit log, and returns how many were none before. First what is given, so that nobody is left without. */
export async function writeRoleChanges(
  parts: RoleWriterParts,
  { give, take }: RoleChanges,
  cause: RoleChangeCause,
): Promise<number> {
  const changes = [
    ...give.map((role) => ({ verb: 'give' as const, role })),
    ...take.map((role) => ({ verb: 'take' as const, role })),
  ];
  let written = 0;
  try {
    for (let from = 0; from < changes.length; from += AT_ONCE) {
      written += await parts.transactions.run(async () => {
        let count = 0;
        for (const { verb, role } of changes.slice(from, from + AT_ONCE)) {
          if (await writeOne(parts, verb, role, cause)) count += 1;
        }
        return count;
      });
    }
  } finally {
    if (written > 0) parts.policy.invalidate();
  }
  return written;
}

async function writeOne(
  { roles, audit }: RoleWriterParts,
  verb: 'give' | 'take',
  { userId, roleId }: UserRole,
  about: RoleChangeCause,
): Promise<boolean> {
  const { source, actor, id, trace, sourceEvent, cause, reason, ticket } = about;
  const by = actor === 'carebridge' ? (cause ?? actor) : actor;
  const at = Date.now();
  const isChanged =
    verb === 'give'
      ? await roles.give({ userId, roleId, source, givenBy: by, at })
      : await roles.take({ userId, roleId, source, takenBy: by, at });
  if (!isChanged) return false;
  const holds = { role: roleId, source };
  await audit.append({
    id: `${id}:${verb}:${userId}:${roleId}`,
    action: `role.${verb}`,
    actor,
    outcome: 'done',
    target: userId,
    trace,
    ...(verb === 'give' ? { after: holds } : { before: holds }),
    ...(cause !== undefined && { cause }),
    ...(sourceEvent !== undefined && { sourceEvent }),
    ...(reason !== undefined && { reason }),
    ...(ticket !== undefined && { ticket }),
  });
  return true;
}
