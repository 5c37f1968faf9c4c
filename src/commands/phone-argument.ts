import { UserError } from '../errors.ts';
import { parsePhoneNumber, type Country, type PhoneNumber } from '../model/phone-number.ts';

const NUMBER_AT_START = /^\+?[\d(][\d\s().\-/]*/;

/** What follows a number that is not over: a second one, or an extension, which cannot be texted. */
const NO_NAME = /^(\+|(x|ext)\.?\s*\d)/i;

/** What is said where there is no number. */
export const NO_PHONE_NUMBER = 'That is not a full phone number. Nothing was done. Example: +1 212 555 0123';

/** Splits `(212) 555-0123 Maria` into the number and the rest. Throws UserError where it does not start with a full number. */
export function takePhoneNumber(args: string, country: Country): { number: PhoneNumber; rest: string } {
  const typed = NUMBER_AT_START.exec(args)?.[0] ?? '';
  const number = parsePhoneNumber(typed, country);
  const rest = args.slice(typed.length).trim();
  if (number === undefined || NO_NAME.test(rest)) {
    throw new UserError(NO_PHONE_NUMBER);
  }
  return { number, rest };
}
