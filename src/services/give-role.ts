import type { EventId, UserId } from '../model/ids.ts';
import type { RoleId } from '../model/role.ts';
import { refuseAssignment } from '../policy/may-assign-role.ts';
import { writeRoleChanges, type RoleWriterParts } from './write-role-changes.ts';

/** Who asks for what. */
export interface RoleRequest {
  readonly actor: UserId;
  readonly user: UserId;
  readonly role: RoleId;
}

/** What ties a change to the command that asked for it. */
export interface RoleRequestCause {
  readonly eventId: EventId;
  readonly trace: string;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
}

/** What would happen, or why nothing. `held`: there is nothing to do. */
export type RoleVerdict =
  | { readonly outcome: 'allowed'; readonly message: string }
  | { readonly outcome: 'held' | 'refused'; readonly message: string };

/** Gives a role, as a person who may. */
export class GiveRole {
  readonly #parts: RoleWriterParts;

  constructor(parts: RoleWriterParts) {
    this.#parts = parts;
  }

  /** Looks, and does nothing. */
  async judge({ actor, user, role: roleId }: RoleRequest): Promise<RoleVerdict> {
    const policy = await this.#parts.policy.current();
    const role = policy.roles.get(roleId);
    if (role === undefined) return { outcome: 'refused', message: `There is no role ${roleId}. Nothing was done.` };
    const refusal = refuseAssignment(policy, { actor, user, role, verb: 'give' });
    if (refusal) return { outcome: 'refused', message: refusal.message };
    const held = (await this.#parts.roles.current()).filter(
      (assignment) => assignment.userId === user && assignment.roleId === roleId,
    );
    if (held.some(({ source }) => source === 'command')) {
      return { outcome: 'held', message: `${user} has the role ${roleId} already.` };
    }
    const [other] = held;
    const also = other ? ` (has it now by ${other.source}, and would keep it when that ends)` : '';
    return { outcome: 'allowed', message: `${user} would get the role ${roleId}, ${role.name}${also}.` };
  }

  /** Does it, once for each event. */
  async run(request: RoleRequest, { eventId, ...about }: RoleRequestCause): Promise<RoleVerdict> {
    const verdict = await this.judge(request);
    if (verdict.outcome !== 'allowed') return verdict;
    await writeRoleChanges(
      this.#parts,
      { give: [{ userId: request.user, roleId: request.role }], take: [] },
      { ...about, source: 'command', actor: request.actor, id: eventId, sourceEvent: eventId },
    );
    return { outcome: 'allowed', message: `${request.user} has the role ${request.role} now.` };
  }
}
