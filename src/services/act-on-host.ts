/** What somebody does who is logged in on the host, where no room can be asked: the audit log before and after, and the security room told. */
import { ConfigError, PermanentError, RetryableError, UserError } from '../errors.ts';
import type { AuditOutcome } from '../model/audit-entry.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Transactions } from '../ports/transactions.ts';
import { COMMAND_LINE, type AccountRequest } from './act-on-account.ts';
import type { TellSecurity } from './tell-security.ts';

/** What acting needs. */
export interface ActOnHostParts {
  readonly audit: AuditLog;
  readonly transactions: Transactions;
  readonly security: Pick<TellSecurity, 'tell'>;
}

/** Who does what, and why. Who they are they say themselves; whom the host's login belongs to is written beside it. */
export interface HostRequest extends AccountRequest {
  /** E.g. `give-role`. */
  readonly what: string;
  /** The login on the host. */
  readonly systemUser: string;
  readonly eventId: undefined;
  readonly reason: string;
}

/** How it ended, with the words for whoever asked. */
export interface HostResult {
  readonly outcome: AuditOutcome;
  readonly text: string;
}

/**
 * Does `work` between two lines of the audit log. Where the first cannot be written nothing is done; where the process dies, the first is there without
 * the second, and it can be run again. The security room hears of all that was not refused, as soon as the bridge can speak. `work` must have caught
 * whatever happens after its first change: what it throws means that nothing was done.
 */
export async function actOnHost(
  parts: ActOnHostParts,
  request: HostRequest,
  work: () => Promise<HostResult>,
): Promise<HostResult> {
  try {
    await write(parts, request, 'begun', { outcome: 'done' });
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    throw new UserError(`Nothing was done: the audit log cannot be written. ${error.message}`);
  }
  const result = await attempt(work).catch(async (fault: unknown) => {
    await write(parts, request, 'ended', { outcome: 'failed', text: 'a fault of Carebridge itself' });
    throw fault;
  });
  try {
    await parts.transactions.run(async () => {
      await write(parts, request, 'ended', result);
      if (result.outcome !== 'refused') await tellSecurity(parts, request, result);
    });
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const problem = `How it ended could not be written into the audit log: ${error.message}`;
    return { outcome: result.outcome === 'done' ? 'partial' : result.outcome, text: `${result.text}\n${problem}` };
  }
  return result;
}

async function attempt(work: () => Promise<HostResult>): Promise<HostResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) return { outcome: 'refused', text: error.message };
    if (error instanceof RetryableError || error instanceof PermanentError || error instanceof ConfigError)
      return { outcome: 'failed', text: `${error.message} Nothing was done.` };
    throw error;
  }
}

async function write(
  { audit }: ActOnHostParts,
  { what, actor, systemUser, target, reason, ticket, confirmedBy, trace }: HostRequest,
  step: 'begun' | 'ended',
  { outcome, text }: { readonly outcome: AuditOutcome; readonly text?: string },
): Promise<void> {
  await audit.append({
    id: `admin:${trace}:${step}`,
    action: `admin.${what}`,
    actor,
    outcome,
    target,
    reason,
    trace,
    ...(ticket !== undefined && { ticket }),
    cause: COMMAND_LINE,
    details: {
      step,
      systemUser,
      ...(confirmedBy !== undefined && { confirmedBy }),
      ...(text !== undefined && { answer: text }),
    },
  });
}

async function tellSecurity({ security }: ActOnHostParts, request: HostRequest, result: HostResult): Promise<void> {
  const { what, actor, systemUser, target, reason, trace } = request;
  const text = `ON THE HOST: \`carebridge admin ${what}\` for ${target}, by ${actor} (login ${systemUser}): ${result.outcome}.\n${result.text}`;
  await security.tell(text, { cause: `admin:${trace}`, trace, confidential: `Reason: ${reason}`, isAlarm: true });
}
