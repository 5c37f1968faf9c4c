import { expect } from 'chai';
import {
  REPLAY_WINDOW_MS,
  SIGNATURE_HEADER,
  TIMESTAMP_HEADER,
  signatureHeaders,
  signatureProblem,
  type Signed,
} from '../../../src/sms/loopback/signature.ts';

const NOW = 1_800_000_000_000;
const SIGNED: Signed = { target: 'webhook', body: Buffer.from('{"id":"1"}') };
const GOOD = signatureHeaders('secret', SIGNED, NOW);

interface Case {
  readonly it: string;
  readonly secret?: string;
  readonly signed?: Signed;
  readonly headers?: Record<string, string>;
  readonly now?: number;
  readonly problem: string | undefined;
}

const CASES: readonly Case[] = [
  { it: 'accepts what was signed with the same secret', problem: undefined },
  { it: 'accepts up to the end of the replay window', now: NOW + REPLAY_WINDOW_MS, problem: undefined },
  { it: 'refuses after the replay window', now: NOW + REPLAY_WINDOW_MS + 1, problem: 'signature too old' },
  { it: 'refuses from the future', now: NOW - REPLAY_WINDOW_MS - 1, problem: 'signature too old' },
  { it: 'refuses another secret', secret: 'other', problem: 'wrong signature' },
  { it: 'refuses another body', signed: { ...SIGNED, body: Buffer.from('{"id":"2"}') }, problem: 'wrong signature' },
  { it: 'refuses another target', signed: { ...SIGNED, target: 'POST /v1/messages' }, problem: 'wrong signature' },
  { it: 'refuses another time', headers: { ...GOOD, [TIMESTAMP_HEADER]: String(NOW + 1) }, problem: 'wrong signature' },
  { it: 'refuses a cut signature', headers: { ...GOOD, [SIGNATURE_HEADER]: 'v1=' }, problem: 'wrong signature' },
  { it: 'refuses no signature', headers: { [TIMESTAMP_HEADER]: String(NOW) }, problem: 'no signature' },
  { it: 'refuses no time', headers: { [SIGNATURE_HEADER]: 'v1=00' }, problem: 'no signature' },
];

describe('the loopback signature (E5)', () => {
  for (const { it: title, secret = 'secret', signed = SIGNED, headers = GOOD, now = NOW, problem } of CASES) {
    it(title, () => {
      expect(signatureProblem(secret, signed, headers, now)).to.equal(problem);
    });
  }
});
