/** What all that is done to accounts has in common: the audit log before and after, and the words. */
import { isFault, PermanentError, RetryableError, UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ListedAction } from '../model/audit-action.ts';
import type { AuditOutcome } from '../model/audit-entry.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { Account, Change } from '../ports/accounts.ts';
import type { AccountProcedureStore } from '../ports/account-procedure-store.ts';
import type { AccountState, AccountStateStore } from '../ports/account-state-store.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomKeys } from '../ports/room-keys.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Lines } from './lines.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import type { WhatLivesParts } from './say-what-lives.ts';
import type { TellSecurity } from './tell-security.ts';

/** What acting on accounts needs. */
export interface AccountServiceParts extends WhatLivesParts {
  readonly accountStates: AccountStateStore;
  readonly accountProcedures: AccountProcedureStore;
  readonly audit: AuditLog;
  readonly auditTrail: Pick<AuditTrail, 'find' | 'open'>;
  readonly transactions: Transactions;
  /** undefined on the command line: the bridge has them, and changes them itself when it hears of what was done. */
  readonly roomKeys: RoomKeys | undefined;
  readonly governedRooms: GovernedRoomStore;
  readonly policy: PolicyInEffect;
  readonly lines: Lines;
  /** Writes down what the configuration gives now. undefined on the command line: the file there may be newer than what the bridge runs with, and it follows. */
  readonly recordConfigured: (() => Promise<void>) | undefined;
  readonly security: TellSecurity;
  /** By the configuration. */
  readonly protectedUsers: ReadonlySet<UserId>;
  /** Whose account the admin token acts by, which is protected like those; undefined where nobody tells. */
  readonly adminAccount: () => Promise<UserId | undefined>;
  readonly log: Logger;
  readonly now?: () => number;
}

/** Who asks for what. */
export interface AccountRequest {
  readonly actor: UserId;
  /** Who said yes, where somebody did. */
  readonly confirmedBy?: UserId | undefined;
  readonly target: UserId;
  /** The same event acts once. undefined where it was asked for on the command line. */
  readonly eventId: EventId | undefined;
  readonly trace: string;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  /** The process may have died while it did this. */
  readonly isRepeat?: boolean;
}

/** A request that was made in a room. */
export type RoomRequest = AccountRequest & { readonly eventId: EventId };

/** What became of it. `text` is for the room. */
export interface AccountResult {
  readonly outcome: 'done' | 'partial' | 'failed';
  readonly text: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
}

/** `cause` in the audit log of what was asked for on the command line. */
export const COMMAND_LINE = 'command line';

/** What is always true and no server can change. */
export const OFFLINE_PHONE = 'A device that is offline keeps what it has decrypted already.';

/** What became of an account, and how it is then. */
interface Done {
  readonly change: Change;
  readonly after?: JsonValue;
}

/**
 * Does `work` between two lines of the audit log. Where the first cannot be written nothing is done; `before` is the evidence, copied while it
 * exists (F5), and what `keep` keeps is committed with it. The second is written also where the work meets with a fault; while a server is away it is for
 * the repetition to write.
 */
export async function audited(
  parts: AccountServiceParts,
  request: AccountRequest,
  action: ListedAction,
  before: JsonValue,
  work: () => Promise<Done>,
  keep: () => Promise<void> = async () => undefined,
): Promise<AccountResult> {
  const { audit, log, transactions } = parts;
  const { actor, target, eventId, trace, reason, ticket, confirmedBy } = request;
  const common = {
    action,
    actor,
    target,
    trace,
    ...(eventId === undefined ? { cause: COMMAND_LINE } : { sourceEvent: eventId }),
    ...(reason !== undefined && { reason }),
    ...(ticket !== undefined && { ticket }),
  };
  const id = idOf(action, request);
  const begun = { step: 'begun', ...(confirmedBy !== undefined && { confirmedBy }) };
  await transactions.run(async () => {
    await audit.append({ ...common, id: `${id}:begun`, outcome: 'done', before, details: begun });
    await keep();
  });
  const { change, after = null } = await orNotKnown(request, work);
  const outcome = outcomeOf(change);
  await audit.append({ ...common, id: `${id}:ended`, outcome, after, details: { step: 'ended', ...change } });
  log.info('account.changed', { kind: action, outcome, userId: target, trace });
  return { outcome, text: describeChange(change), before, after };
}

/** What a run of the same request that died wrote down as `before`; undefined where it had not begun. */
export async function begunWith(
  { auditTrail }: AccountServiceParts,
  action: string,
  request: AccountRequest,
): Promise<unknown> {
  const row = await auditTrail.find(`${idOf(action, request)}:begun`);
  return row && auditTrail.open(row).before;
}

function idOf(action: string, { eventId, trace }: AccountRequest): string {
  return `${action}:${eventId ?? trace}`;
}

/** A server that is away is waited for by the queue of a room; on the command line nobody repeats it but the one who reads this. */
async function orNotKnown({ eventId }: AccountRequest, work: () => Promise<Done>): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    if (!isFault(error) && !(error instanceof UserError)) throw error;
    if (error instanceof RetryableError && eventId !== undefined) throw error;
    const problem = `${error.message} What was done before that is not known. Look, and run it again: repeating does no harm.`;
    return { change: { done: false, verified: [], problem } };
  }
}

/** The change, or why it cannot be made, beside others that were. Throws what may pass by itself. */
export async function orProblem(change: () => Promise<Change>): Promise<Change> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof UserError || error instanceof PermanentError)) throw error;
    return { done: false, verified: [], problem: error.message };
  }
}

/** The account as it is after a change; undefined where no server tells any more. */
export async function seenAfter({ accounts }: AccountServiceParts, user: UserId): Promise<Account | undefined> {
  try {
    return await accounts.find(user);
  } catch (error) {
    if (!(error instanceof UserError || error instanceof PermanentError)) throw error;
    return undefined;
  }
}

/** `partial`: something was verified, and something is left. */
export function outcomeOf(change: Change): Exclude<AuditOutcome, 'refused'> {
  if (change.done) return 'done';
  return change.verified.length > 0 ? 'partial' : 'failed';
}

/** A change in words for the room. */
export function describeChange(change: Change): string {
  const { verified, mayLive = [], mayLiveUntil, problem } = change;
  const until = mayLiveUntil === undefined ? 'until somebody ends them' : `until ${timeOf(mayLiveUntil)}`;
  return [
    ...verified.map((fact) => `✓ ${fact}`),
    ...(mayLive.length > 0 ? [`✗ may still work ${until}: ${mayLive.join(', ')}`] : []),
    ...(problem === undefined ? [] : [`${change.done ? 'Note' : '✗ Not done'}: ${problem}`]),
  ].join('\n');
}

type RotateParts = Pick<AccountServiceParts, 'accounts' | 'governedRooms' | 'roomKeys'>;

/**
 * New room keys wherever the user is. Returns in how many rooms of the bridge (all of them where the user's own cannot be told), or undefined where that is
 * for the bridge to do. The keys go to whatever device the homeserver still lists, that of a locked account too.
 */
export async function rotateFor(parts: RotateParts, user: UserId): Promise<number | undefined> {
  if (parts.roomKeys === undefined) return undefined;
  const ours = new Set((await parts.governedRooms.all()).map(({ roomId }) => roomId));
  const rooms: readonly RoomId[] = await parts.accounts.joinedRooms(user).catch(() => [...ours]);
  await parts.roomKeys.rotate(user, rooms);
  return rooms.filter((room) => ours.has(room)).length;
}

/** Tells lines who is away now, after a state was changed or at the start, and writes down whose roles that ended or began. */
export async function applyAbsences({
  accountStates,
  lines,
  policy,
  recordConfigured,
}: Pick<AccountServiceParts, 'accountStates' | 'lines' | 'policy' | 'recordConfigured'>): Promise<void> {
  const absent = (await accountStates.current()).filter(({ absence }) => absence !== 'none');
  lines.setAbsent(absent.map(({ userId, successor, absence }) => ({ userId, successor, isGone: absence === 'gone' })));
  await recordConfigured?.();
  policy.invalidate();
}

/** `2026-11-24 20:02:40 UTC`. */
export function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The account's flags, for the audit log; null where it is not known. */
export function stateOf(account: Account): { readonly [flag: string]: boolean | null };
export function stateOf(account: Account | undefined): { readonly [flag: string]: boolean | null } | null;
export function stateOf(account: Account | undefined): { readonly [flag: string]: boolean | null } | null {
  return account === undefined
    ? null
    : {
        locked: account.isLocked ?? null,
        suspended: account.isSuspended ?? null,
        deactivated: account.isDeactivated ?? null,
      };
}

/** How the account was before the first change of ours, for `unlock` (D8): as it is now where nothing is kept of it. */
export function flagsBefore(
  account: Account,
  known: AccountState | undefined,
): Pick<AccountState, 'wasLocked' | 'wasSuspended'> {
  return {
    wasLocked: known?.wasLocked ?? account.isLocked === true,
    wasSuspended: known?.wasSuspended ?? account.isSuspended === true,
  };
}
