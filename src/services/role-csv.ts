import { CsvError, parse, type Info } from 'csv-parse/sync';
import { parseUserId, type UserId } from '../model/ids.ts';
import type { RoleId } from '../model/role.ts';
import type { UserRole } from '../policy/role-changes.ts';

/** One thing wrong with a list. `line` counts from 1. PHI-free: only what the list should hold is quoted. */
export interface CsvProblem {
  readonly line: number;
  readonly problem: string;
}

/** A list that was read, or all that is wrong with it. */
export type RoleList = { readonly rows: readonly UserRole[] } | { readonly problems: readonly CsvProblem[] };

/** Rows of a list; more is no list of the staff of one installation. */
const MAX_ROWS = 50_000;
/** Characters of a list. */
const MAX_LENGTH = 5_000_000;
/** Capital letters and what is not ASCII look like other ids. */
const STRICT_USER_ID = /^@[a-z0-9._=/+-]+:[a-z0-9.-]+(:\d{1,5})?$/;

/** Reads a list with the columns `user` and `role`, in any order and among others, separated by comma, semicolon or tab. Names all problems at once. */
export function readRoleCsv(
  text: string,
  roles: ReadonlySet<RoleId>,
  refuse: (user: UserId) => string | undefined,
): RoleList {
  if (text.length > MAX_LENGTH) return { problems: [{ line: 1, problem: 'the list is too long' }] };
  const parsed = parseRows(text);
  if ('problems' in parsed) return parsed;
  const [header, ...body] = parsed.rows;
  const names = (header?.cells ?? []).map((cell) => cell.toLowerCase());
  const [userColumn, roleColumn] = [names.indexOf('user'), names.indexOf('role')];
  if (userColumn === -1 || roleColumn === -1) {
    return { problems: [{ line: 1, problem: 'the first line must name the columns: user,role' }] };
  }
  if (body.length > MAX_ROWS) return { problems: [{ line: 1, problem: `more than ${MAX_ROWS} rows` }] };
  const problems: CsvProblem[] = [];
  const rows = new Map<string, UserRole>();
  for (const { line, cells } of body) {
    const [user, role] = [cells[userColumn] ?? '', cells[roleColumn] ?? ''];
    const userId = STRICT_USER_ID.test(user) ? parseUserId(user) : undefined;
    const refusal = userId && refuse(userId);
    if (userId === undefined)
      problems.push({ line, problem: 'the user is not a full user id, such as @lee:hospital.example' });
    else if (refusal !== undefined) problems.push({ line, problem: refusal });
    const roleId = role as RoleId;
    if (!roles.has(roleId)) problems.push({ line, problem: `there is no such role; use ${[...roles].join(', ')}` });
    if (userId !== undefined) rows.set(`${userId} ${roleId}`, { userId, roleId });
  }
  return problems.length > 0 ? { problems } : { rows: [...rows.values()] };
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

function parseRows(text: string): { readonly rows: readonly Row[] } | { readonly problems: readonly CsvProblem[] } {
  try {
    const records = parse(text, {
      bom: true,
      trim: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      skip_records_with_empty_values: true,
      delimiter: [',', ';', '\t'],
    }) as unknown as readonly { readonly record: readonly string[]; readonly info: Info }[];
    return { rows: records.map(({ record, info }) => ({ line: info.lines, cells: record })) };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? error['lines'] : 1;
    return { problems: [{ line, problem: 'a quotation mark is open or out of place' }] };
  }
}
