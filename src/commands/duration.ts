import { UserError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const NAMES = Object.entries(UNITS).toReversed();

/** `30m` in ms. Throws UserError for anything else, and outside of the limits (ms). */
export function readDuration(word: string, limits: { readonly min?: number; readonly max?: number } = {}): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/i.exec(word) ?? [];
  if (count === undefined)
    throw new UserError('Write the time as a number and s, m, h or d, e.g. 30m. Nothing was done.');
  const ms = Number(count) * UNITS[unit.toLowerCase()]!;
  const { min = 1_000, max = 3_650 * 86_400_000 } = limits;
  if (ms < min) throw new UserError(`The shortest time is ${durationInWords(min)}. Nothing was done.`);
  if (ms > max) throw new UserError(`The longest time is ${durationInWords(max)}. Nothing was done.`);
  return ms;
}

/** `2h` for 7,200,000 ms: in the greatest unit that leaves no rest. */
export function durationInWords(ms: number): string {
  const [name = 's', size = 1_000] = NAMES.find(([, unit]) => ms >= unit && ms % unit === 0) ?? [];
  return `${Math.round(ms / size)}${name}`;
}
