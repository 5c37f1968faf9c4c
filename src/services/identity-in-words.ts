import type { IdentityStanding } from '../policy/identity-standing.ts';

const IN_WORDS: Readonly<Record<IdentityStanding, string>> = {
  'not-needed': 'You can write now.',
  verified: 'You can write now.',
  unknown:
    'Nothing can be sent until it is known who answers there: record the date of birth with `{prefix} identity born 1980-03-02`, or what else proves it with `{prefix} identity attest`.',
  unasked: 'The patient is asked for the date of birth once texts are agreed to.',
  asked: 'The patient is asked for the date of birth. You can write once the right answer has come.',
  locked: 'Nothing more is sent: call the patient, and record how you know who it is with `{prefix} identity attest`.',
};

/** What the standing means for the team: a sentence, or two. */
export function identityInWords(standing: IdentityStanding, prefix: string): string {
  return IN_WORDS[standing].replaceAll('{prefix}', prefix);
}
