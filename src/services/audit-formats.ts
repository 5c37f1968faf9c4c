import type { AuditItem } from './audit-item.ts';
import { toFhirAuditEvent } from './audit-fhir.ts';

/** How entries are exported: one line each, so that any number can be written and verified without holding them. */
export interface AuditFormat {
  /** The line before the first entry, where there is one. */
  readonly header: string | undefined;
  line(item: AuditItem): string;
}

/** The formats of `carebridge audit export --format`. */
export const AUDIT_FORMATS = {
  jsonl: { header: undefined, line: (item: AuditItem) => JSON.stringify(item) },
  csv: { header: csvColumns().join(','), line: csvLine },
  /** Bulk data: one AuditEvent a line (application/fhir+ndjson). */
  fhir: { header: undefined, line: (item: AuditItem) => JSON.stringify(toFhirAuditEvent(item)) },
} as const satisfies Record<string, AuditFormat>;

function csvColumns() {
  return [
    ...(['seq', 'id', 'at', 'action', 'actor', 'outcome', 'target', 'roomId', 'sourceEvent', 'cause'] as const),
    ...(['reason', 'ticket', 'before', 'after', 'details', 'trace', 'prevHash', 'hash'] as const),
  ];
}

function csvLine(item: AuditItem): string {
  return csvColumns()
    .map((column) => csvCell(item[column]))
    .join(',');
}

/**
 * One cell (RFC 4180). A spreadsheet takes what begins with one of = + - @ or a tab for a formula: such words get an apostrophe before them (so every
 * Matrix id does). Line breaks become the two characters \n, so that an entry is one line.
 */
export function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const words = (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\r\n|\r|\n/g, '\\n');
  const guarded = /^[\s\0]*[=+\-@\t\uff1d\uff0b\uff0d\uff20]/.test(words) ? `'${words}` : words;
  return /[",;\t']/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
