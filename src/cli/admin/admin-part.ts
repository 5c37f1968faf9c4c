import type { UserId } from '../../model/ids.ts';
import type { HostRequest, HostResult } from '../../services/act-on-host.ts';
import type { VerbInput } from '../verb.ts';
import type { Host } from './host.ts';

/** What a part is asked. */
export interface AdminCall {
  readonly host: Host;
  /** Who asks for what, and why. */
  readonly request: HostRequest;
  /** The words after the user. */
  readonly words: readonly string[];
  readonly options: VerbInput['options'];
}

/** One thing that `carebridge admin` does to a user. */
export interface AdminPart {
  readonly name: string;
  /** The words after the user, e.g. `ROLE`; as many as there are must be given. */
  readonly words: readonly string[];
  /** For the help: what it does, from the second line on with what belongs to it. */
  readonly summary: readonly string[];
  /**
   * Does it; the audit log has it before. What it throws means that nothing was done: UserError is a refusal, the homeserver's being away a failure.
   */
  run(call: AdminCall): Promise<HostResult>;
}

/** Why the user may still not be able to work, and what to do: what one part mends is often not all. */
export async function whatElse(host: Host, user: UserId): Promise<string[]> {
  const { assigned } = await host.policy.current();
  const isAdministrator = assigned.get(user)?.some(({ permissions }) => permissions.has('manage-accounts')) === true;
  return isAdministrator ? [] : [`They cannot administer: carebridge admin give-role ${user} administrator`];
}
