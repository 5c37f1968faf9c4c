/**
 * What each action of the audit log is in the codes of DICOM (part 16, CID 400 and 401), which FHIR R4 takes for the type and subtype of an AuditEvent. What
 * was done, created or taken away says `action` in the details: DICOM fixes the action of each type (part 15, A.5.3).
 */
import type { ListedAction } from '../model/audit-action.ts';

/** A code of a code system. */
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

/** What kind of event an entry is. `action`: R read, E execute. */
export interface EventKind {
  readonly type: Coding;
  readonly subtype?: Coding;
  readonly action: 'R' | 'E';
}

const dcm = (code: string, display: string): Coding => ({
  system: 'http://dicom.nema.org/resources/ontology/DCM',
  code,
  display,
});

/** The bridge, among those who take part (CID 402). */
export const APPLICATION_ROLE = dcm('110150', 'Application');

const APPLICATION = dcm('110100', 'Application Activity');
const LOG_USED = dcm('110101', 'Audit Log Used');
const EXPORT = dcm('110106', 'Export');
const ALERT = dcm('110113', 'Security Alert');
const AUTHENTICATION = dcm('110114', 'User Authentication');

/** A.5.3.2 and A.5.3.4 fix R; A.5.3.1, A.5.3.11 and A.5.3.12 fix E. */
const READS: ReadonlySet<Coding> = new Set([LOG_USED, EXPORT]);

const of = (type: Coding, subtype?: Coding): EventKind => ({
  type,
  ...(subtype && { subtype }),
  action: READS.has(type) ? 'R' : 'E',
});

const application = of(APPLICATION);
const logUsed = of(LOG_USED);
const exporting = of(EXPORT);
const alert = of(ALERT);
const login = of(AUTHENTICATION, dcm('110122', 'Login'));
const logout = of(AUTHENTICATION, dcm('110123', 'Logout'));
const configuration = of(ALERT, dcm('110129', 'Security Configuration'));
const account = of(ALERT, dcm('110137', 'User Security Attributes Changed'));
const roles = of(ALERT, dcm('110136', 'Security Roles Changed'));
const objects = of(ALERT, dcm('110135', 'Object Security Attributes Changed'));
const emergency = of(ALERT, dcm('110127', 'Emergency Override Started'));
const emergencyOver = of(ALERT, dcm('110138', 'Emergency Override Stopped'));
const forbidden = of(ALERT, dcm('110132', 'Use of Restricted Function'));

const KINDS: Readonly<Record<ListedAction, EventKind>> = {
  'account.lock': account,
  'account.unlock': account,
  'account.suspend': account,
  'account.offboard': account,
  'account.reactivate': account,
  'account.end-device': logout,
  'account.end-all-sessions': logout,
  'account.idle-sign-out': logout,
  'sign-in.new-device': login,
  // A device that was signed in already, used from elsewhere: nobody was seen to log in.
  'sign-in.new-network': alert,
  'sign-in.unverified': alert,
  'sign-in.unused': alert,
  'role.give': roles,
  'role.take': roles,
  'room.create': objects,
  'room.replace': objects,
  'room.repair-begun': application,
  'room.repair': objects,
  'room.report': alert,
  'room.report-over': alert,
  'break-glass.grant': emergency,
  'break-glass.end': emergencyOver,
  'break-glass.expiry': emergencyOver,
  'audit.export': logUsed,
  'audit.exported': logUsed,
  'audit.report': logUsed,
  'audit.review': logUsed,
  'audit.verify': logUsed,
  'audit.broken': alert,
  'audit.trust': configuration,
  'policy.change': objects,
  'parked.expire': application,
  'archive.export': exporting,
  'archive.exported': exporting,
  'archive.verify': application,
  'archive.verified': application,
};

/** Commands, and what `carebridge admin` does, by their words. The others are use of the application. */
const BY_WORDS: readonly (readonly [RegExp, EventKind])[] = [
  [/^(role\.(give|take|import|sync)|give-role)$/, roles],
  [/^(lock|unlock|suspend|offboard|reactivate)$/, account],
  [/^lost-device(\.all)?$/, logout],
  [/^((room|unit)\.(create|adopt)|room\.release|phi\.set)$/, objects],
  [/^break-glass\.end$/, emergencyOver],
  [/^break-glass$/, emergency],
];

/** Steps after which nothing is done yet: it was asked for, is about to be done, or was only shown. */
const BEFORE = new Set(['asked', 'begun', 'shown']);

/** The step of an entry after which nothing is done yet; undefined where it is how something ended. */
export function stepBefore(details: unknown): string | undefined {
  const { step, found } = (details ?? {}) as { readonly step?: unknown; readonly found?: { readonly ended?: unknown } };
  if (found?.ended === false) return 'shown';
  return typeof step === 'string' && BEFORE.has(step) ? step : undefined;
}

/** The kind of an entry. Whatever was refused is somebody's use of what they may not; before something is done, it is use of the application. */
export function kindOf(action: string, outcome: string, details: unknown): EventKind {
  if (outcome === 'refused') return forbidden;
  if (stepBefore(details) !== undefined) return application;
  const words = /^(?:command|admin)\.(.*)$/.exec(action)?.[1];
  const kind =
    words === undefined
      ? (KINDS as Readonly<Record<string, EventKind | undefined>>)[action]
      : BY_WORDS.find(([pattern]) => pattern.test(words))?.[1];
  return kind ?? application;
}

/** The person whose session it is takes part (A.5.3.12). `isRequestor`: who logged in did so; who is logged out by others did not. */
export function personOf({ type, subtype }: EventKind): { readonly isRequestor: boolean } | undefined {
  return type === AUTHENTICATION ? { isRequestor: subtype === login.subtype } : undefined;
}
