import { UserError } from '../errors.ts';
import { wordParameter } from './parameters.ts';

/** The option `--at`; `timeOf` reads what was typed. */
export const atOption = wordParameter('a day (its end) or a time, UTC: what was in effect then', {
  form: '2026-03-31 or 2026-03-31T12:00Z',
});

/** Unix ms. A day is its end: what was in effect when it was over. Throws UserError. */
export function timeOf(typed: string): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(typed);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/.test(typed);
  const at = day ? Date.parse(`${typed}T23:59:59.999Z`) : isTime ? Date.parse(typed) : NaN;
  if (Number.isNaN(at)) throw new UserError('Write the time as 2026-03-31 or 2026-03-31T12:00Z (UTC).');
  return at;
}
