import type { EventId, UserId } from '../model/ids.ts';
import { refuseAssignment, refuseHolder, refuseLastAdministrator } from '../policy/may-assign-role.ts';
import { roleChanges, rolesAfter, type RoleChanges } from '../policy/role-changes.ts';
import { readRoleCsv, type CsvProblem } from './role-csv.ts';
import { writeRoleChanges, type RoleWriterParts } from './write-role-changes.ts';

/** What a list would change, or why it is not taken. */
export type ImportPlan =
  | { readonly outcome: 'allowed'; readonly changes: RoleChanges; readonly unchanged: number }
  | { readonly outcome: 'refused'; readonly problems: readonly CsvProblem[] };

/** Who imports: a person in a room, who gives no more than they hold, or, by their own word, whoever runs the program on its machine. */
export type Importer =
  | { readonly kind: 'user'; readonly user: UserId; readonly eventId: EventId; readonly ticket?: string | undefined }
  | { readonly kind: 'operator'; readonly by: UserId; readonly runId: string };

/** Makes the roles of source `csv` those of a list. What commands, the configuration and the directory gave is left alone. */
export class ImportRoles {
  readonly #parts: RoleWriterParts;

  constructor(parts: RoleWriterParts) {
    this.#parts = parts;
  }

  /** Reads the list and compares; does nothing. */
  async plan(text: string, importer: Importer): Promise<ImportPlan> {
    const policy = await this.#parts.policy.current();
    const list = readRoleCsv(text, new Set(policy.roles.keys()), (user) => refuseHolder(policy, user)?.message);
    if ('problems' in list) return { outcome: 'refused', problems: list.problems };
    const current = await this.#parts.roles.current();
    const changes = roleChanges(current, 'csv', list.rows);
    const refusals = new Set<string>();
    if (importer.kind === 'user') {
      for (const verb of ['give', 'take'] as const) {
        for (const { userId, roleId } of changes[verb]) {
          const role = policy.roles.get(roleId);
          const refusal = role && refuseAssignment(policy, { actor: importer.user, user: userId, role, verb });
          if (refusal) refusals.add(refusal.message);
        }
      }
    }
    const after = rolesAfter(policy, current, 'csv', changes).values();
    const last = refuseLastAdministrator(policy.assigned.values(), after);
    if (last) refusals.add(last.message);
    if (refusals.size > 0) {
      // They concern the list as a whole.
      return { outcome: 'refused', problems: [...refusals].map((problem) => ({ line: 1, problem })) };
    }
    return { outcome: 'allowed', changes, unchanged: list.rows.length - changes.give.length };
  }

  /** Does it: all of the list, or nothing where something is wrong with it. A run that was cut off is completed by the next. */
  async run(text: string, importer: Importer, trace: string): Promise<ImportPlan> {
    const plan = await this.plan(text, importer);
    if (plan.outcome === 'refused') return plan;
    await writeRoleChanges(this.#parts, plan.changes, {
      source: 'csv',
      trace,
      ...(importer.kind === 'user'
        ? { actor: importer.user, id: importer.eventId, sourceEvent: importer.eventId, ticket: importer.ticket }
        : { actor: importer.by, id: importer.runId, cause: 'carebridge roles import' }),
    });
    return plan;
  }
}
