/** Questions that several steps ask. */
import { parseUserId } from '../../model/ids.ts';
import { parsePhoneNumber } from '../../model/phone-number.ts';
import type { SetupFacts } from '../../model/setup.ts';
import type { SetupField } from './setup-step.ts';

const KEY = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** A name for configuration and commands that is not taken yet. */
export function keyField(ask: string, taken: (facts: SetupFacts) => readonly string[]): SetupField {
  return {
    ask: () => ask,
    read: (words, facts) => {
      const value = words.toLowerCase();
      if (!KEY.test(value)) return { problem: 'Write it in a-z, 0-9 and -, e.g. `icu-nurse`.' };
      if (taken(facts).includes(value)) return { problem: 'That one is there already. Write another.' };
      return { value };
    },
  };
}

/** Words that people read. Kept out of YAML's way. */
export function nameField(ask: string): SetupField {
  return {
    ask: () => ask,
    read: (words) =>
      /^[\p{L}\p{N} .,'’&()/-]{1,60}$/u.test(words)
        ? { value: words }
        : { problem: 'Write letters, digits and spaces, at most 60.' },
  };
}

/** A number of ours. */
export const numberField: SetupField = {
  ask: () => 'Which number do patients text? Write it with + and the country code.',
  read: (words) => {
    const value = words.startsWith('+') ? parsePhoneNumber(words) : undefined;
    return value === undefined
      ? { problem: 'That is not a full, existing number. Write it as +12125550100.' }
      : { value };
  },
};

/** One of a few words. */
export function oneOfField(
  ask: (facts: SetupFacts) => string,
  choices: (facts: SetupFacts) => readonly string[],
): SetupField {
  return {
    ask,
    read: (words, facts) => {
      const value = choices(facts).find((choice) => choice === words.toLowerCase());
      return value === undefined ? { problem: `Write one of: ${choices(facts).join(', ')}.` } : { value };
    },
  };
}

/** Users of our own server. `most` of them. */
export function usersField(ask: string, most: number): SetupField {
  return {
    ask: () => ask,
    read: (words, { domain }) => {
      const users = words.split(/[\s,;]+/).map(parseUserId);
      const ours = users.filter((user) => user?.endsWith(`:${domain}`));
      if (ours.length === 0 || ours.length !== users.length || ours.length > most) {
        const count = most === 1 ? 'one user id' : 'their user ids, with spaces between';
        return { problem: `Write ${count}, e.g. @nurse:${domain}.` };
      }
      return { value: [...new Set(ours)].join(' ') };
    },
  };
}
