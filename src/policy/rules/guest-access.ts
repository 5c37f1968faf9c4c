import { contentOf, write, type Rule } from './rule.ts';

/** No guests. Nothing said is `forbidden` too, but only the words can be seen by a person who checks. */
export const guestAccess: Rule = (input) => {
  if (input.rules.areGuestsAllowed) return [];
  if (contentOf(input.snapshot, 'm.room.guest_access')?.['guest_access'] === 'forbidden') return [];
  return [
    write(input, {
      rule: 'guest-access',
      why: 'guests were not kept out.',
      type: 'm.room.guest_access',
      after: { guest_access: 'forbidden' },
    }),
  ];
};
