import { userInfo } from 'node:os';
import { UserError } from '../../errors.ts';
import type { AuditItem } from '../../services/audit-item.ts';
import { ReviewAudit, type ActivityReport } from '../../services/review-audit.ts';
import type { AuditVerbParts } from './audit-verb-parts.ts';
import { neededUser, textOption, timeOption } from '../text-option.ts';

/** Actors that are shown, those with most entries. */
const SHOWN_ACTORS = 50;

/** `carebridge audit report` */
export async function runReport({ input, storage }: AuditVerbParts): Promise<number> {
  const by = neededUser(input);
  const [from, to] = [timeOption(input, 'from'), timeOption(input, 'to')];
  if (from === undefined || to === undefined || from >= to)
    throw new UserError('--from and --to say which period, the earlier day first.');
  const review = new ReviewAudit({ log: storage.audit, trail: storage.auditTrail });
  const report = await review.report(from, to, by, { systemUser: userInfo().username });
  for (const line of reportLines(report)) input.out(line);
  if (input.options['reviewed'] === true) {
    await review.record(report, by, textOption(input, 'reason'));
    input.out(`Recorded: reviewed by ${by} on ${new Date().toISOString()}.`);
  } else input.out('To record that you reviewed it, run this again with --reviewed (and --reason, what came of it).');
  return 0;
}

/** The report for people. */
function reportLines(report: ActivityReport): string[] {
  const { from, to, entries, lastReview, counts } = report;
  return [
    `Activity review ${new Date(from).toISOString()} to ${new Date(to).toISOString()}: ${entries} entries`,
    lastReview === undefined
      ? 'This period was not reviewed before.'
      : `Last reviewed by ${lastReview.by} on ${lastReview.at}.`,
    ...table('By outcome', report.byOutcome),
    ...table('By action', report.byAction),
    ...table('By actor', new Map([...report.byActor].slice(0, SHOWN_ACTORS)), report.byActor.size - SHOWN_ACTORS),
    ...list('Refused', report.refused, counts.refused),
    ...list('Emergency access', report.emergencies, counts.emergencies),
    ...list('Exports of the log and of the archive', report.exports, counts.exports),
    '',
  ];
}

function table(title: string, counts: ReadonlyMap<string, number>, more = 0): string[] {
  const rows = [...counts].map(([word, count]) => `  ${String(count).padStart(8)}  ${plain(word)}`);
  return ['', title, ...rows, ...(more > 0 ? [`            ... and ${more} more`] : [])];
}

function list(title: string, items: readonly AuditItem[], count: number): string[] {
  const shown = items.length < count ? `, the newest ${items.length}` : '';
  return ['', `${title}: ${count}${shown}`, ...items.map((item) => `  ${lineOf(item)}`)];
}

function lineOf({ seq, at, action, actor, outcome, target, roomId, cause, reason }: AuditItem): string {
  const about = [target, roomId, cause, reason && `reason: ${reason}`].filter((word) => word);
  return plain([`${seq}`, at, actor, action, outcome, ...about].join('  '));
}

/** What people typed must not move the cursor of a terminal. */
function plain(words: string): string {
  return words.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
