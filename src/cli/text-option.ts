import { UserError } from '../errors.ts';
import { parseUserId, type UserId } from '../model/ids.ts';
import type { VerbInput } from './verb.ts';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/;

/** The option's text, or undefined where it is not given. */
export function textOption({ options }: VerbInput, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The option's text. Throws UserError where it is not given. */
export function neededOption(input: VerbInput, name: string): string {
  const value = textOption(input, name);
  if (value === undefined) throw new UserError(`--${name} is missing. --help says more.`);
  return value;
}

/** Who asks, from --by (A1). Throws UserError where it is missing or no user id. */
export function neededUser(input: VerbInput, name = 'by'): UserId {
  const user = parseUserId(neededOption(input, name));
  if (user === undefined) throw new UserError(`--${name} takes a Matrix user id such as @officer:hospital.example.`);
  return user;
}

/** Unix ms of --from or --to: a day counts as a whole, so that `to` is where the next one begins. */
export function timeOption(input: VerbInput, name: 'from' | 'to'): number | undefined {
  const text = textOption(input, name);
  if (text === undefined) return undefined;
  const isDay = DAY.test(text);
  const at = isDay || TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    throw new UserError(`--${name} takes a day such as 2026-03-31, or a time such as 2026-03-31T12:00:00Z.`);
  return isDay && name === 'to' ? at + DAY_MS : at;
}
