/** Words that say nothing about an emergency. */
const EMPTY_WORDS = new Set(
  `test testing tests tset try trying asdf qwerty foo bar baz xxx abc none nothing na n/a reason because emergency break glass breakglass access need
  needed please ok okay yes no urgent stat asap the a an is it this that i me my we in to of for and now`.split(/\s+/),
);
const MIN_WORDS = 3;
const MIN_TELLING_LETTERS = 6;

/**
 * What is wrong with the reason for an emergency access, as a sentence for its author; undefined where it will do. It must be words that somebody who
 * reviews it next week can check: no machine can judge more (B1).
 */
export function problemOfReason(reason: string): string | undefined {
  const words = reason.toLowerCase().match(/[\p{L}\p{N}/'’-]+/gu) ?? [];
  const telling = new Set(
    words.filter((word) => !EMPTY_WORDS.has(word) && /\p{L}/u.test(word) && !/^(\p{L})\1*$/u.test(word)),
  );
  const letters = [...telling].join('').length;
  if (words.length >= MIN_WORDS && telling.size >= 2 && letters >= MIN_TELLING_LETTERS) return undefined;
  return 'Say why, in a few words that can be reviewed later, e.g. `patient collapsed, attending unreachable`.';
}
