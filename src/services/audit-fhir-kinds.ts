/** What each action of the audit log is in the codes of DICOM (part 16, CID 400 and 401), which FHIR R4 takes for the type and subtype of an AuditEvent. */
import type { ListedAction } from '../model/audit-action.ts';

/** A code of a code system. */
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

/** What kind of event an entry is. `action`: create, read, update, delete, execute. */
export interface EventKind {
  readonly type: Coding;
  readonly subtype?: Coding;
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
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

const of =
  (type: Coding, subtype?: Coding) =>
  (action: EventKind['action']): EventKind => ({
    type,
    ...(subtype && { subtype }),
    action,
  });

const application = of(APPLICATION);
const logUsed = of(LOG_USED);
const exporting = of(EXPORT);
const alert = of(ALERT);
const login = of(AUTHENTICATION, dcm('110122', 'Login'));
const logout = of(AUTHENTICATION, dcm('110123', 'Logout'));
const account = of(ALERT, dcm('110137', 'User Security Attributes Changed'));
const roles = of(ALERT, dcm('110136', 'Security Roles Changed'));
const objects = of(ALERT, dcm('110135', 'Object Security Attributes Changed'));
const emergency = of(ALERT, dcm('110127', 'Emergency Override Started'));
const emergencyOver = of(ALERT, dcm('110138', 'Emergency Override Stopped'));
const forbidden = of(ALERT, dcm('110132', 'Use of Restricted Function'));

const KINDS: Readonly<Record<ListedAction, EventKind>> = {
  'account.lock': account('U'),
  'account.unlock': account('U'),
  'account.suspend': account('U'),
  'account.offboard': account('D'),
  'account.reactivate': account('U'),
  'account.end-device': logout('D'),
  'account.end-all-sessions': logout('D'),
  'account.idle-sign-out': logout('D'),
  'sign-in.new-device': login('E'),
  'sign-in.new-network': login('E'),
  'sign-in.unverified': alert('E'),
  'sign-in.unused': alert('E'),
  'role.give': roles('C'),
  'role.take': roles('D'),
  'room.create': objects('C'),
  'room.replace': objects('U'),
  'room.repair-begun': objects('U'),
  'room.repair': objects('U'),
  'room.report': alert('E'),
  'room.report-over': alert('E'),
  'break-glass.grant': emergency('C'),
  'break-glass.end': emergencyOver('D'),
  'break-glass.expiry': emergencyOver('D'),
  'audit.export': logUsed('R'),
  'audit.exported': logUsed('R'),
  'audit.report': logUsed('R'),
  'audit.review': logUsed('R'),
  'audit.verify': logUsed('R'),
  'audit.broken': alert('E'),
  'audit.trust': alert('U'),
  'policy.change': objects('U'),
  'parked.expire': application('D'),
  'archive.export': exporting('R'),
  'archive.exported': exporting('R'),
  'archive.verify': application('R'),
  'archive.verified': application('R'),
};

/** Commands, and what `carebridge admin` does, by their words; the first that fits. The others are use of the application. */
const BY_WORDS: readonly (readonly [RegExp, EventKind])[] = [
  [/^role\.list$/, application('R')],
  [/^role\.sync$/, roles('E')],
  [/^(role\.give|give-role|role\.import)$/, roles('C')],
  [/^role\.take$/, roles('D')],
  [/^(lock|unlock|suspend|reactivate)$/, account('U')],
  [/^offboard$/, account('D')],
  [/^lost-device(\.all)?$/, logout('D')],
  [/^room\.(list|show)$|^phi\.show$/, application('R')],
  [/^(room|unit)\.(create|adopt)$/, objects('C')],
  [/^room\.release$/, objects('D')],
  [/^phi\.set$/, objects('U')],
  [/^parked$/, application('R')],
  [/^parked\.drop$/, application('D')],
  [/^break-glass\.list$/, application('R')],
  [/^break-glass\.end$/, emergencyOver('D')],
  [/^break-glass$/, emergency('C')],
  [/^(devices|whois|who|help|policy\.(check|show)|access\.review)$/, application('R')],
];

/** The kind of an entry. Whatever was refused is somebody's use of what they may not. */
export function kindOf(action: string, outcome: string): EventKind {
  const words = /^(?:command|admin)\.(.*)$/.exec(action)?.[1];
  const kind =
    words === undefined
      ? (KINDS as Readonly<Record<string, EventKind | undefined>>)[action]
      : BY_WORDS.find(([pattern]) => pattern.test(words))?.[1];
  const known = kind ?? application('E');
  return outcome === 'refused' ? forbidden(known.action) : known;
}
