import type { CarePolicy } from '../model/care-policy.ts';
import { localpartOf, serverOf, type UserId } from '../model/ids.ts';
import { isOurs, SENDER_LOCALPART } from '../model/namespace.ts';
import type { Permission } from '../model/permission.ts';
import type { Role } from '../model/role.ts';

/** Why a role must not be given or taken, in words for the person who asked. */
export interface AssignmentRefusal {
  readonly code: 'other-server' | 'ours' | 'gone' | 'not-permitted' | 'above-own' | 'own-reach' | 'last-administrator';
  readonly message: string;
}

/** Whether a user may hold a role at all. Returns undefined where they may. */
export function refuseHolder(
  { namespace, gone }: Pick<CarePolicy, 'namespace' | 'gone'>,
  user: UserId,
): AssignmentRefusal | undefined {
  if (serverOf(user) !== namespace.domain) {
    return refusal('other-server', `${user} is not on this homeserver, ${namespace.domain}: no role.`);
  }
  // Our own users act for others: with a role, what they do would be nobody’s (A1).
  if (isOurs(namespace, user) || localpartOf(user) === SENDER_LOCALPART) {
    return refusal('ours', `${user} belongs to the bridge itself: no role.`);
  }
  if (gone.has(user)) return refusal('gone', `${user} was offboarded: no role before \`reactivate\` takes them back.`);
  return undefined;
}

/**
 * Whether `actor` may give `role` to `user`, or take it: nobody hands out, or takes from somebody, more than they hold themselves. Who manages roles need
 * not be in patients’ rooms, so classes and units do not count, except for themselves: else every such person could let themselves in.
 */
export function refuseAssignment(
  policy: CarePolicy,
  asked: { readonly actor: UserId; readonly user: UserId; readonly role: Role; readonly verb: 'give' | 'take' },
): AssignmentRefusal | undefined {
  const { actor, user, role, verb } = asked;
  const own = policy.assigned.get(actor) ?? [];
  const mayManage = !isOurs(policy.namespace, actor) && own.some(({ permissions }) => permissions.has('manage-roles'));
  if (!mayManage) return refusal('not-permitted', 'You may not give and take roles.');
  // What somebody should not have had can always be taken, at least from him.
  const holder = verb === 'give' ? refuseHolder(policy, user) : undefined;
  if (holder) return holder;
  if (role.power > Math.max(...own.map(({ power }) => power))) {
    return refusal('above-own', `The role ${role.id} has more power than you have.`);
  }
  const missing = [...role.permissions].find((permission) => !isCovered(own, role, permission));
  if (missing !== undefined) {
    return refusal('above-own', `The role ${role.id} permits more than you may yourself (${missing}).`);
  }
  if (verb === 'give' && user === actor && !isWithinReach(own, role)) {
    return refusal(
      'own-reach',
      `You cannot let yourself into rooms by the role ${role.id}. Ask another administrator.`,
    );
  }
  return undefined;
}

/** Whether there would be nobody left who may give and take roles. `assigned`: the roles of each user after the change. */
export function refuseLastAdministrator(
  before: Iterable<readonly Role[]>,
  after: Iterable<readonly Role[]>,
): AssignmentRefusal | undefined {
  if (holdsManager(after) || !holdsManager(before)) return undefined;
  return refusal('last-administrator', 'There would be nobody left who may give and take roles.');
}

function holdsManager(assigned: Iterable<readonly Role[]>): boolean {
  for (const roles of assigned) if (roles.some(managesRoles)) return true;
  return false;
}

/** True where its holders may give roles. */
export function managesRoles({ permissions, commands }: Role): boolean {
  return permissions.has('manage-roles') && (commands === 'all' || commands.has('role give'));
}

/** By several roles together as well, each for some of the commands. */
function isCovered(own: readonly Role[], { commands }: Role, permission: Permission): boolean {
  const holding = own.filter(({ permissions }) => permissions.has(permission));
  if (holding.some((mine) => mine.commands === 'all')) return true;
  return (
    commands !== 'all' &&
    [...commands].every((name) => holding.some((mine) => mine.commands !== 'all' && mine.commands.has(name)))
  );
}

function isWithinReach(own: readonly Role[], role: Role): boolean {
  const classes = [...role.classes].every((phiClass) => own.some((mine) => mine.classes.has(phiClass)));
  const units =
    role.units === 'all'
      ? own.some((mine) => mine.units === 'all')
      : [...role.units].every((unit) => own.some((mine) => mine.units === 'all' || mine.units.has(unit)));
  return classes && units;
}

function refusal(code: AssignmentRefusal['code'], message: string): AssignmentRefusal {
  return { code, message: `${message} Nothing was done.` };
}
