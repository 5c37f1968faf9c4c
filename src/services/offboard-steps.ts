import { isFault, RetryableError } from '../errors.ts';
import { LINE_TEAM } from '../model/built-in-roles.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { AccountProcedure, ProcedureStep } from '../ports/account-procedure-store.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import { applyAbsences, describeChange, outcomeOf, rotateFor, type AccountServiceParts } from './act-on-account.ts';
import type { EndBreakGlass } from './end-break-glass.ts';
import { writeRoleChanges } from './write-role-changes.ts';

/** What the steps need beside what every change of an account does. */
export interface OffboardStepParts extends AccountServiceParts {
  readonly roles: RoleStore;
  readonly roomControl: RoomControl;
  readonly emergencies: Pick<EndBreakGlass, 'endAllOf'>;
}

/** How a step ended, before it is written down. */
export interface StepResult extends Pick<ProcedureStep, 'outcome' | 'text'> {
  /** Something may pass by itself that kept it from being done. */
  readonly isWorthAnotherTry?: boolean;
}

/** Repeating one does no harm. What it throws is its result: RetryableError where another try may do it, UserError or PermanentError where not. */
export interface OffboardStep {
  readonly name: string;
  /** The steps that must have ended before. */
  readonly after?: readonly string[];
  readonly run: (parts: OffboardStepParts, procedure: AccountProcedure) => Promise<StepResult>;
}

/** In this order: nobody can log in again, nothing acts as the user, nobody gives them anything, and then they are out. Last it is seen that it stayed so. */
export const OFFBOARD_STEPS: readonly OffboardStep[] = [
  { name: 'lock', run: lock },
  // Before, they could sign in anew.
  { name: 'sessions', after: ['lock'], run: endSessions },
  { name: 'lines', run: handLinesOver },
  { name: 'roles', run: takeRoles },
  { name: 'emergencies', run: endEmergencies },
  { name: 'rooms', run: leaveRooms },
  { name: 'keys', after: ['sessions', 'rooms'], run: changeKeys },
  { name: 'last-look', after: ['lines', 'roles', 'emergencies', 'keys'], run: lookAgain },
];

async function lock({ accounts }: OffboardStepParts, { userId }: AccountProcedure): Promise<StepResult> {
  const change = await accounts.lock(userId);
  // Under MAS the lock is whole only with the next step: here it is enough that it is set.
  return change.verified.length > 0
    ? { outcome: 'done', text: change.verified.join('; ') }
    : { outcome: outcomeOf(change), text: describeChange(change) };
}

async function endSessions({ accounts }: OffboardStepParts, { userId }: AccountProcedure): Promise<StepResult> {
  const change = await accounts.endAllSessions(userId);
  if (change.done) return { outcome: 'done', text: change.verified.join('; ') };
  const { verified, mayLive = [], mayLiveUntil } = change;
  // MAS or the homeserver is away. What ends by itself, at a time that is known, is not waited for.
  const isWorthAnotherTry = verified.length === 0 || (mayLive.length > 0 && mayLiveUntil === undefined);
  return { outcome: outcomeOf(change), text: describeChange(change), isWorthAnotherTry };
}

async function handLinesOver(parts: OffboardStepParts, { userId, successor }: AccountProcedure): Promise<StepResult> {
  const { lines } = parts;
  await applyAbsences(parts);
  const theirs = lines.configured.filter(({ team }) => team.includes(userId));
  const own = theirs.map(({ id }) => id);
  if (own.length === 0) return { outcome: 'done', text: 'in no line’s team' };
  const to =
    successor === undefined ? 'nobody new; the rest of the team, or the administrators if there is none' : successor;
  return {
    outcome: 'done',
    text: `${own.join(', ')} handed over to ${to}. Take them out of \`lines\` in the configuration too`,
  };
}

async function takeRoles(parts: OffboardStepParts, procedure: AccountProcedure): Promise<StepResult> {
  const { userId, askedBy: actor, id, trace, eventId, startedAt } = procedure;
  const { roles } = parts;
  for (const { roleId, source } of (await roles.current()).filter((held) => held.userId === userId)) {
    await writeRoleChanges(
      parts,
      { give: [], take: [{ userId, roleId }] },
      { source, actor, id: `${id}:${source}`, sourceEvent: eventId, trace },
    );
  }
  // With what ended with the lines, and before the process died.
  const ended = (await roles.history(userId)).filter(({ until }) => until !== undefined && until >= startedAt);
  const taken = [...new Set(ended.map(({ roleId }) => roleId))].join(', ') || 'none to take';
  // A line's team is made of the lines: that step says so.
  const elsewhere = ended.filter(
    ({ source, roleId }) => source === 'directory' || (source === 'configuration' && roleId !== LINE_TEAM),
  );
  if (elsewhere.length === 0) return { outcome: 'done', text: taken };
  const left = elsewhere.map(({ roleId, source }) => `${roleId} (${source})`).join(', ');
  return { outcome: 'partial', text: `${taken}; remove them where they are still named: ${left}` };
}

async function endEmergencies(
  { emergencies }: OffboardStepParts,
  { userId, askedBy, trace }: AccountProcedure,
): Promise<StepResult> {
  const ended = await emergencies.endAllOf(userId, { by: askedBy, trace, note: 'offboarded' });
  const stuck = ended.filter(({ end }) => end === 'stuck').length;
  return stuck === 0
    ? { outcome: 'done', text: ended.length === 0 ? 'none open' : `${ended.length} ended` }
    : { outcome: 'partial', text: `${stuck} of ${ended.length} could not be ended` };
}

async function leaveRooms(
  { governedRooms, roomControl }: OffboardStepParts,
  { userId }: AccountProcedure,
): Promise<StepResult> {
  let isAway = false;
  const stuck: string[] = [];
  for (const { roomId, opaqueId } of await governedRooms.all()) {
    try {
      if (!(await leaveRoom(roomControl, roomId, userId))) stuck.push(opaqueId);
    } catch (error) {
      // The others are left all the same.
      if (!isFault(error)) throw error;
      isAway ||= error instanceof RetryableError;
      stuck.push(opaqueId);
    }
  }
  // Not how many: the policy may have put them out of some, once their roles were taken.
  if (stuck.length === 0) return { outcome: 'done', text: 'in no governed room or space any more' };
  const left = stuck.slice(0, MAX_NAMED).join(', ');
  return {
    outcome: 'partial',
    text: `could not be removed from ${stuck.length}: ${left}; in no other governed room or space any more`,
    isWorthAnotherTry: isAway,
  };
}

/** False where the user is still in it. */
async function leaveRoom(roomControl: RoomControl, roomId: RoomId, userId: UserId): Promise<boolean> {
  if (!isInside((await roomControl.snapshot(roomId)).members.get(userId))) return true;
  const change = { kind: 'remove', rule: 'offboard', why: 'the account was closed', userId } as const;
  const { outcome } = await roomControl.apply(roomId, change);
  // Seen in the homeserver's own answer, not in what was kept.
  return outcome === 'applied' && !isInside((await roomControl.refresh(roomId)).members.get(userId));
}

async function changeKeys(parts: OffboardStepParts, { userId }: AccountProcedure): Promise<StepResult> {
  const rooms = await rotateFor(parts, userId);
  return {
    outcome: 'done',
    text:
      rooms === 0
        ? 'in no room of the bridge any more; other members’ clients are expected to change keys on their own'
        : `new keys in ${rooms} rooms`,
  };
}

/** An `unlock` that was on its way to the server when this began may have come there after the lock. */
async function lookAgain(parts: OffboardStepParts, procedure: AccountProcedure): Promise<StepResult> {
  const account = await parts.accounts.find(procedure.userId);
  if (account?.isLocked !== false || account.isDeactivated === true)
    return { outcome: 'done', text: 'no server says that the account is open' };
  const locked = await lock(parts, procedure);
  if (locked.outcome !== 'done') return locked;
  const ended = await endSessions(parts, procedure).catch(toResult);
  return {
    outcome: ended.outcome === 'done' ? 'done' : 'partial',
    text: `it was not locked, and is now; sessions: ${ended.text}`,
  };
}

/** Not tried again: the next look would find the account locked, and no reason to. */
function toResult(error: unknown): StepResult {
  if (!isFault(error)) throw error;
  return { outcome: 'failed', text: error.message };
}

/** Rooms in a report. */
const MAX_NAMED = 20;

/** Whether somebody of this membership is in a room or may enter it. */
export function isInside(membership: string | undefined): boolean {
  return membership === 'join' || membership === 'invite' || membership === 'knock';
}
