/** Digits that are more than a ward's or a bed's: a phone number, a record number, a date of birth. */
const MOST_DIGITS_TOGETHER = 5;
const MOST_DIGITS_WITH_SEPARATORS = 6;

/**
 * True where a text that everybody on the server can read seems to hold a number of a person (E4): six digits together, or seven with nothing but
 * spaces, dots, dashes, slashes, brackets and the like between them. `Ward 12, rooms 101-108` is none.
 */
export function holdsNumber(text: string): boolean {
  let together = 0;
  let separated = 0;
  // Full-width and other digits count; what cannot be seen does not part them.
  for (const letter of text.normalize('NFKC')) {
    if (/\p{Nd}/u.test(letter)) {
      together++;
      separated++;
      if (together > MOST_DIGITS_TOGETHER || separated > MOST_DIGITS_WITH_SEPARATORS) return true;
    } else if (/[\p{Zs}\p{P}+]/u.test(letter)) together = 0;
    else if (!/[\p{Cf}\p{M}]/u.test(letter)) together = separated = 0;
  }
  return false;
}

/** The same for any text within JSON, names of keys included. Deep nesting counts as a number: nobody can tell. */
export function jsonHoldsNumber(value: unknown, depth = 0): boolean {
  if (depth > 20) return true;
  if (typeof value === 'string') return holdsNumber(value);
  if (typeof value === 'number') return holdsNumber(String(value));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]) => (!Array.isArray(value) && holdsNumber(key)) || jsonHoldsNumber(inner, depth + 1),
  );
}
