/**
 * Phone numbers in E.164 form (ITU-T E.164): `+` and up to 15 digits.
 */
import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import type { Brand } from './ids.ts';

/** ISO 3166-1 alpha-2, e.g. `US`. */
export type Country = CountryCode;

/** A valid, dialable number, `+12125550123`. It is PHI: never logged, never in room state. */
export type PhoneNumber = Brand<string, 'PhoneNumber'>;

/**
 * The E.164 number in `text`, or undefined where it is not a valid full number. Emergency numbers and short codes are not
 * numbers here: they parse to nonsense such as `+1911`. `country` is used for text without a leading `+`.
 */
export function parsePhoneNumber(text: string, country: Country = 'US'): PhoneNumber | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 32) return undefined;
  const parsed = parsePhoneNumberFromString(trimmed, country);
  if (parsed === undefined || !parsed.isValid() || parsed.ext !== undefined) return undefined;
  const number: string = parsed.number;
  return number as PhoneNumber;
}

/** True for a country (ISO 3166-1 alpha-2, `US`) whose numbers can be read. */
export function isCountry(text: string): text is Country {
  return isSupportedCountry(text);
}

/** What the team may see of a number: its last four digits, `•••0123`. */
export function maskPhoneNumber(number: PhoneNumber): string {
  return `•••${number.slice(-4)}`;
}
