import type { RoleSource } from '../model/role.ts';
import { refuseAssignment, refuseLastAdministrator } from '../policy/may-assign-role.ts';
import { rolesAfter } from '../policy/role-changes.ts';
import type { RoleRequest, RoleRequestCause, RoleVerdict } from './give-role.ts';
import { writeRoleChanges, type RoleWriterParts } from './write-role-changes.ts';

/** Where a role that no command gave is taken back. */
const TAKEN_BACK: Readonly<Record<Exclude<RoleSource, 'command'>, string>> = {
  configuration: 'it is given by the configuration (`admins`, or a line’s team); change it there',
  csv: 'it came from the imported list; import a list without it',
  directory: 'it follows a group of the directory; take the user out of that group',
};

/** Takes back a role that a command gave. What another source gave is only that source’s to take. */
export class TakeRole {
  readonly #parts: RoleWriterParts;

  constructor(parts: RoleWriterParts) {
    this.#parts = parts;
  }

  /** Looks, and does nothing. */
  async judge({ actor, user, role: roleId }: RoleRequest): Promise<RoleVerdict> {
    const policy = await this.#parts.policy.current();
    const current = await this.#parts.roles.current();
    const held = current.filter((assignment) => assignment.userId === user && assignment.roleId === roleId);
    const others = held.flatMap(({ source }) => (source === 'command' ? [] : [TAKEN_BACK[source]]));
    if (held.length === 0) return { outcome: 'held', message: `${user} does not have the role ${roleId}.` };
    if (others.length === held.length) {
      return { outcome: 'refused', message: `${user} keeps the role: ${others.join('; ')}. Nothing was done.` };
    }
    const role = policy.roles.get(roleId);
    const changes = { give: [], take: [{ userId: user, roleId }] };
    // A role that is no longer configured permits nothing: whoever manages roles may clear it away.
    const refusal =
      (role && refuseAssignment(policy, { actor, user, role, verb: 'take' })) ??
      refuseLastAdministrator(policy.assigned.values(), rolesAfter(policy, current, 'command', changes).values());
    if (refusal) return { outcome: 'refused', message: refusal.message };
    const still = others.length > 0 ? ` Still has it otherwise: ${others.join('; ')}.` : '';
    return { outcome: 'allowed', message: `${user} would lose the role ${roleId}.${still}` };
  }

  /** Does it, once for each event. */
  async run(request: RoleRequest, { eventId, ...about }: RoleRequestCause): Promise<RoleVerdict> {
    const verdict = await this.judge(request);
    if (verdict.outcome !== 'allowed') return verdict;
    await writeRoleChanges(
      this.#parts,
      { give: [], take: [{ userId: request.user, roleId: request.role }] },
      { ...about, source: 'command', actor: request.actor, id: eventId, sourceEvent: eventId },
    );
    return { outcome: 'allowed', message: verdict.message.replace('would lose', 'lost') };
  }
}
