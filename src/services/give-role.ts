import type { EventId, UserId } from '../model/ids.ts';
import type { Role, RoleId } from '../model/role.ts';
import { refuseAssignment, refuseHolder } from '../policy/may-assign-role.ts';
import { COMMAND_LINE } from './act-on-account.ts';
import { writeRoleChanges, type RoleChangeCause, type RoleWriterParts } from './write-role-changes.ts';

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
    return await this.#compare(user, role);
  }

  /** Does it, once for each event. */
  async run(request: RoleRequest, { eventId, ...about }: RoleRequestCause): Promise<RoleVerdict> {
    const verdict = await this.judge(request);
    if (verdict.outcome !== 'allowed') return verdict;
    return await this.#give(request, { ...about, id: eventId, sourceEvent: eventId });
  }

  /**
   * Does it for whoever is logged in on the host: there need be nobody left who may give roles, so all that is asked is whether the user may hold one.
   */
  async runOnHost(
    request: RoleRequest,
    about: Pick<RoleRequestCause, 'trace' | 'reason' | 'ticket'>,
  ): Promise<RoleVerdict> {
    const policy = await this.#parts.policy.current();
    const role = policy.roles.get(request.role);
    const refusal = refuseHolder(policy, request.user);
    if (role === undefined) {
      const known = [...policy.roles.keys()].join(', ');
      return {
        outcome: 'refused',
        message: `There is no role ${request.role}. Nothing was done. There are: ${known}.`,
      };
    }
    if (refusal) return { outcome: 'refused', message: refusal.message };
    const verdict = await this.#compare(request.user, role);
    if (verdict.outcome !== 'allowed') return verdict;
    return await this.#give(request, { ...about, id: about.trace, cause: COMMAND_LINE });
  }

  async #compare(user: UserId, { id: roleId, name }: Role): Promise<RoleVerdict> {
    const held = (await this.#parts.roles.current()).filter(
      (assignment) => assignment.userId === user && assignment.roleId === roleId,
    );
    if (held.some(({ source }) => source === 'command')) {
      return { outcome: 'held', message: `${user} has the role ${roleId} already.` };
    }
    const [other] = held;
    const also = other ? ` (has it now by ${other.source}, and would keep it when that ends)` : '';
    return { outcome: 'allowed', message: `${user} would get the role ${roleId}, ${name}${also}.` };
  }

  async #give(
    { actor, user, role }: RoleRequest,
    cause: Omit<RoleChangeCause, 'source' | 'actor'>,
  ): Promise<RoleVerdict> {
    const give = [{ userId: user, roleId: role }];
    await writeRoleChanges(this.#parts, { give, take: [] }, { ...cause, source: 'command', actor });
    return { outcome: 'allowed', message: `${user} has the role ${role} now.` };
  }
}
