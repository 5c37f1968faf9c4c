import { csvCell } from './audit-formats.ts';

/** A user id as new ones are made: holds nothing that a spreadsheet could run, and stays as it is, to be looked for. */
const USER_ID = /^@[a-z0-9._=/+-]+:[a-z0-9.:-]+$/;

/** A line of CSV that no spreadsheet runs anything of: names of rooms and devices are whatever somebody typed. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (USER_ID.test(cell) ? cell : csvCell(cell))).join(',')}\r\n`;
}
