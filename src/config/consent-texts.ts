/** The words that patients are sent by default, and what any replacement must hold. */
import { encodingOf } from '../model/sms-encoding.ts';

/** Of the words below. Changes with them. */
export const WORDING_VERSION = '2026-11';

/** Warned consent (HHS 2013 Omnibus preamble, 78 FR 5634), and what a first message must name (K8). */
export const WARNING =
  '{practice}: May we text with you? Texts are not encrypted: there is some risk that others read them. Reply YES to agree, NO to decline. Msg frequency varies. Msg & data rates may apply. HELP for help, STOP to stop.';

/** The one confirmation after STOP (K4): no advertisement, no question. */
export const STOP_CONFIRMATION =
  '{practice}: You will get no more texts from this number. Reply START to undo this. For care, contact {contact}.';

/** Programme name and contact (K7). */
export const HELP_ANSWER =
  '{practice}: For help contact {contact}. Msg frequency varies. Msg & data rates may apply. Reply STOP to stop.';

/** Tells whether whoever answers is the patient (G3). The month in letters leaves no doubt. */
export const IDENTITY_QUESTION =
  '{practice}: Before we text about your care, please reply with your date of birth, the month in letters, such as 2 Mar 1980. HELP for help, STOP to stop.';

/** One thing a text must hold. */
interface Need {
  readonly what: string;
  readonly pattern: RegExp;
}

const PRACTICE: Need = { what: '{practice}', pattern: /\{practice\}/ };
const CONTACT: Need = { what: '{contact}', pattern: /\{contact\}/ };
const STOP: Need = { what: 'STOP', pattern: /\bSTOP\b/ };
const RATES: Need = { what: '"Msg & data rates may apply"', pattern: /\bmsg\s*&\s*data rates may apply\b/i };
const FREQUENCY: Need = {
  what: 'how often you text, such as "Msg frequency varies"',
  pattern: /\bfrequency\b|\b(msgs?|messages?|texts?)\b[^.]*\b(per|a|each|every)\s+(day|week|month|year|visit)\b/i,
};

/** What each text must hold. */
export const NEEDS = {
  warning: [
    PRACTICE,
    { what: 'YES', pattern: /\bYES\b/ },
    STOP,
    { what: 'HELP', pattern: /\bHELP\b/ },
    RATES,
    FREQUENCY,
  ],
  stop_confirmation: [PRACTICE],
  help: [PRACTICE, CONTACT, STOP],
  identity_question: [PRACTICE, { what: 'date of birth', pattern: /\bbirth\b|\bnacimiento\b/i }, STOP],
} as const satisfies Record<string, readonly Need[]>;

/** As many SMS as a text that nobody typed may be, before the names are filled in: room is left for these, and a patient is not flooded. */
const MAX_AUTOMATIC_PARTS = 6;

/** What is wrong with the words of one text: each a sentence without a full stop. */
export function findTextProblems(kind: keyof typeof NEEDS, words: string): string[] {
  const found = NEEDS[kind].filter(({ pattern }) => !pattern.test(words)).map(({ what }) => `it does not hold ${what}`);
  const holders = words.match(/\{[^}]*\}/g) ?? [];
  if (holders.some((holder) => holder !== '{practice}' && holder !== '{contact}')) {
    found.push('it holds a {...} other than {practice} and {contact}, which patients would see');
  }
  const { parts } = encodingOf(words);
  if (parts > MAX_AUTOMATIC_PARTS) found.push(`it would be ${parts} SMS and may be ${MAX_AUTOMATIC_PARTS}`);
  return found;
}
