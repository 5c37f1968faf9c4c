import type { BirthDate } from '../model/identity.ts';
import type { Country } from '../model/phone-number.ts';

/** Where 3/2/1980 is the second of March (Unicode CLDR, short date formats of English and Spanish). */
const MONTH_FIRST: ReadonlySet<Country> = new Set<Country>(['US', 'AS', 'GU', 'MP', 'PR', 'VI', 'MH', 'PH']);

/** In the languages whose keywords are understood; may be cut to three letters or more. */
const MONTHS: readonly (readonly string[])[] = [
  ...[
    ['january', 'enero'],
    ['february', 'febrero'],
    ['march', 'marzo'],
    ['april', 'abril'],
    ['may', 'mayo'],
  ],
  ...[
    ['june', 'junio'],
    ['july', 'julio'],
    ['august', 'agosto'],
    ['september', 'septiembre', 'setiembre'],
  ],
  ...[
    ['october', 'octubre'],
    ['november', 'noviembre'],
    ['december', 'diciembre'],
  ],
];

/** Nobody is older. Years. */
const OLDEST = 130;
/** An answer is short; a letter with a date in it is something else. Characters. */
const MAX_LENGTH = 80;

/** The ways to write a date. `first` and `second` are day and month in the order of the country. */
const FORMS: readonly RegExp[] = [
  /(?<year>\d{4})(?<sep>[-/. ])(?<month>\d{1,2})\k<sep>(?<day>\d{1,2})/,
  /(?<year>(?:19|20)\d{2})(?<month>0[1-9]|1[0-2])(?<day>\d{2})/,
  /(?<first>\d{1,2})(?<sep>[-/. ])(?<second>\d{1,2})\k<sep>(?<year>\d{4}|\d{2})/,
  /(?<first>\d{2})(?<second>\d{2})(?<year>\d{4}|\d{2})/,
  /(?<day>\d{1,2})(?:st|nd|rd|th)?[ .-]*(?:of |de )?(?<name>[a-z]{3,})[ .,-]*(?:del? )?(?<year>\d{4}|\d{2})/,
  /(?<name>[a-z]{3,})[ .-]*(?<day>\d{1,2})(?:st|nd|rd|th)?[ ,.-]+(?<year>\d{4}|\d{2})/,
];

/**
 * The dates of birth that `text` can mean, the likeliest first: two where a year of two digits can be of either century, none where it holds no date, or
 * several, or one that is nobody's. 3/2/1980 is read as `country` writes it, the other way round only where that is no date. `today`: Unix ms.
 */
export function readBirthDates(text: string, country: Country, today: number): readonly BirthDate[] {
  if (text.length > MAX_LENGTH) return [];
  const words = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  for (const form of FORMS) {
    const found = [...words.matchAll(new RegExp(`(?<![\\d/.-])${form.source}(?![\\d/-]|\\.\\d)`, 'g'))];
    const readings = found.map(({ groups = {} }) => readingsOf(groups, country, today));
    // Two dates in one answer would be two guesses.
    if (readings.length > 1) return [];
    if (readings[0]?.length) return readings[0];
  }
  return [];
}

function readingsOf(
  { year = '', month, day, name, first, second }: Record<string, string | undefined>,
  country: Country,
  today: number,
): BirthDate[] {
  const orders: (readonly [number, number])[] = [];
  if (first !== undefined && second !== undefined) {
    const monthFirst = [Number(first), Number(second)] as const;
    const dayFirst = [Number(second), Number(first)] as const;
    orders.push(...(MONTH_FIRST.has(country) ? [monthFirst, dayFirst] : [dayFirst, monthFirst]));
  } else orders.push([name === undefined ? Number(month) : monthCalled(name), Number(day)]);
  const years = year.length === 2 ? [2000 + Number(year), 1900 + Number(year)] : [Number(year)];
  for (const [month, day] of orders) {
    const dates = years.flatMap((each) => birthDate(each, month, day, today) ?? []);
    if (dates.length > 0) return dates;
  }
  return [];
}

/** 1 to 12, or 0 where there is no such month. */
function monthCalled(name: string): number {
  return MONTHS.findIndex((names) => names.some((whole) => whole.startsWith(name))) + 1;
}

/** The day, where there is one and somebody alive can have been born then. */
function birthDate(year: number, month: number, day: number, today: number): BirthDate | undefined {
  const at = Date.UTC(year, month - 1, day);
  const date = new Date(at);
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isReal || at > today || year < new Date(today).getUTCFullYear() - OLDEST) return undefined;
  return date.toISOString().slice(0, 10) as BirthDate;
}
