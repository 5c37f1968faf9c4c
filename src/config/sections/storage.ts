/** Where data lives and how long. */
import { phiKeys } from '../phi-keys.ts';
import { optional, secret, section, setting } from '../setting.ts';
import { duration, integer, path, postgresUrl } from '../value-types.ts';

const DAY_MS = 86_400_000;
const TEN_YEARS_MS = 10 * 366 * DAY_MS;

/** The one database. */
export const database = section('Where everything durable is kept: a SQLite file, or a PostgreSQL database.', {
  path: optional(path, {
    question: 'Which SQLite file?',
    more: 'On a local disk, never a network share.',
    example: 'carebridge.db',
    leftOut: 'carebridge.db, unless url is given',
  }),
  url: secret(postgresUrl, {
    question: 'Which PostgreSQL database, postgres://user:password@host/database?',
    leftOut: 'SQLite',
    example: 'secrets/database.url',
  }),
});

/** The key of all PHI columns. */
export const secrets = section("The key that encrypts patients' names, numbers and texts in the database.", {
  phi_key: secret(phiKeys, {
    question: 'Which key?',
    more: `32 bytes in base64. Without it the database is of no use to anybody, including you: keep a copy, but never beside the database.
For several keys, one per line: the first encrypts, all decrypt.`,
    made: { file: 'secrets/phi.key', encoding: 'base64', guards: 'phi' },
    example: 'secrets/phi.key',
  }),
});

/** How long message bodies stay. */
export const retention = section('How long message bodies stay in the database. The rooms keep theirs.', {
  wipe_after: setting(duration(TEN_YEARS_MS), {
    question: 'How long after a message was delivered is its body wiped from the inbox and outbox tables?',
    more: '0: at once.',
    fallback: '1h',
  }),
  keep_parked: setting(duration(TEN_YEARS_MS, DAY_MS), {
    question: 'How long is a text kept that was given up, and that nobody retried or dropped?',
    more: 'The administrators are told a week before it is dropped. A STOP that was not acted on stays.',
    fallback: '90d',
  }),
});

/** How hard the queues work. */
export const queue = section('How messages wait.', {
  concurrency: setting(integer(1, 1_000), {
    question: 'How many conversations does each queue work on at the same time?',
    more: 'Within a conversation messages always go one after another.',
    fallback: '16',
  }),
  max_attempts: setting(integer(1, 1_000), {
    question: 'After how many attempts is a text to a patient given up and reported?',
    more: 'The waits between them grow: 12 attempts take about half an hour. Texts from patients are never given up.',
    fallback: '12',
  }),
});
