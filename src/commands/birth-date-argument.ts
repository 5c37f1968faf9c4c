import { UserError } from '../errors.ts';
import type { BirthDate } from '../model/identity.ts';
import { readBirthDates } from '../policy/read-birth-date.ts';

/** `1980-03-02`, and no other way to write it: what staff record is compared with. Throws UserError for anything else. */
export function readBirthDate(word: string): BirthDate {
  const [date] = readBirthDates(word, 'US', Date.now());
  if (date === undefined || date !== word) {
    throw new UserError('Write the date of birth as year, month and day: 1980-03-02. Nothing was done.');
  }
  return date;
}

/** What is said where the installation asks nobody. */
export const NO_IDENTITY_CHECK =
  'Nothing was done: patients are not asked for their date of birth (consent.identity_check in the configuration).';
