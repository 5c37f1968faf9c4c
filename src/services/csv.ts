/** A user id as new ones are made: holds nothing that a spreadsheet could run. */
const USER_ID = /^@[a-z0-9._=/+-]+:[a-z0-9.:-]+$/;

/**
 * A line of CSV (RFC 4180), every cell quoted. What a spreadsheet would take for a formula gets an apostrophe before it: names of rooms and devices
 * are whatever somebody typed.
 */
export function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => {
    const isFormula = /^[=+\-@\t\r]/.test(cell) && !USER_ID.test(cell);
    return `"${(isFormula ? `'${cell}` : cell).replaceAll('"', '""')}"`;
  });
  return `${quoted.join(',')}\r\n`;
}
