/** Who texts, in which words. */
import { STOP_CONFIRMATION, HELP_ANSWER, IDENTITY_QUESTION, WARNING, WORDING_VERSION } from '../consent-texts.ts';
import { section, setting, settingList } from '../setting.ts';
import { choice, country, duration, flag, integer, interval, text, textLike, userId } from '../value-types.ts';

/** What patients are told of the practice. */
export const practice = section('What patients are told about you.', {
  name: setting(text, { question: 'What name do patients know you by?', example: 'Mercy Clinic' }),
  contact: setting(text, {
    question: 'How can a patient reach a person?',
    more: 'The answer to HELP and STOP names it: a phone number or an address.',
    example: '+1 212 555 0100',
  }),
  country: setting(country, {
    question: 'Which country do numbers typed without a + belong to?',
    fallback: 'US',
  }),
});

/** Administrators. */
export const admins = settingList(userId, {
  question: 'Who are the administrators? They are told about failures and may run every command.',
  more: 'They are members of the command room, together with the teams of all lines.',
  isRequired: true,
  example: ['"@admin:hospital.example"'],
});

/** Commands. */
export const commands = section('Commands in rooms.', {
  prefix: setting(textLike('text', /^![a-z][a-z0-9-]{0,19}$/, 'an exclamation mark and small letters, such as !care'), {
    question: 'What does a command start with?',
    more: 'Anything that starts with ! and a letter stays in the room and is never texted to a patient.',
    fallback: '"!care"',
  }),
  confirm_within: setting(interval, {
    question: 'How long does the bot wait for a confirmation?',
    fallback: '5m',
  }),
});

const FIVE_YEARS_MS = 5 * 366 * 86_400_000;

/** Consent and its words. */
export const consent = section(
  'What patients are asked and told automatically. {practice} and {contact} stand for practice.name and practice.contact.',
  {
    wording_version: setting(textLike('text', /^[\w.-]{1,32}$/, 'up to 32 letters, digits, dots and dashes'), {
      question: 'Under which version is this wording kept in the consent records?',
      more: 'Give it a new value whenever you change the warning or the question for the date of birth.',
      fallback: `"${WORDING_VERSION}"`,
    }),
    warning: setting(text, {
      question: 'What is a patient asked before anything else is sent?',
      more: `It must hold {practice}, YES, STOP, HELP, "Msg & data rates may apply" and how often you text (K8), and nothing about the patient.
Plain ASCII keeps it short: one letter outside of GSM-7 doubles the number of segments.`,
      fallback: WARNING,
    }),
    stop_confirmation: setting(text, {
      question: 'What is a patient sent, once, after STOP?',
      fallback: STOP_CONFIRMATION,
    }),
    help: setting(text, { question: 'What is a patient sent in answer to HELP?', fallback: HELP_ANSWER }),
    warn_on_first_contact: setting(flag, {
      question: 'Is the warning sent automatically to an unknown number that texts in?',
      more: 'false: staff read the text first and decide with !care text whether to ask.',
      fallback: 'true',
    }),
    identity_check: setting(choice(['none', 'date-of-birth']), {
      question: 'How is the identity of the person at a number verified?',
      more: `With date-of-birth the patient gives it after YES, or a team member attests who it is, before anything from staff leaves.
With none, a mistyped number may be somebody else's. See docs/identity.md.`,
      fallback: 'none',
    }),
    identity_question: setting(text, {
      question: 'What is the patient asked?',
      more: 'It must say nothing about the patient.',
      fallback: IDENTITY_QUESTION,
    }),
    identity_tries: setting(integer(1, 10), {
      question: 'After how many wrong answers must a team member attest the identity instead?',
      fallback: '3',
    }),
    identity_valid_for: setting(duration(FIVE_YEARS_MS), {
      question: 'How long does a right answer count?',
      more: '0: for good. Otherwise the patient is asked again before the next text after that time, e.g. 30d.',
      fallback: '0',
    }),
  },
);

/** Logs. */
export const log = section('Logs: JSON lines on standard output, without texts, numbers and names.', {
  level: setting(choice(['debug', 'info', 'warn', 'error']), { question: 'Minimum log level?', fallback: 'info' }),
});
