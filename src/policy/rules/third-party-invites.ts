import { isBlank, write, type Rule } from './rule.ts';

/** Nobody is invited by e-mail address or phone number: who would come is not known. The invitation is taken back. */
export const thirdPartyInvites: Rule = (input) =>
  [...input.snapshot.state.values()].flatMap(({ type, stateKey, content }) => {
    if (type !== 'm.room.third_party_invite' || isBlank(content)) return [];
    const why = 'somebody was invited by an address instead of a user id.';
    return [write(input, { rule: 'third-party-invites', why, type, stateKey, after: {} })];
  });
