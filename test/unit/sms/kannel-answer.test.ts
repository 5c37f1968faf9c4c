import { expect } from 'chai';
import type { SendResult } from '../../../src/ports/sms-carrier.ts';
import { readKannelAnswer } from '../../../src/sms/kannel/answer.ts';

const CASES: readonly (readonly [number, string, SendResult])[] = [
  [202, '0: Accepted for delivery', { outcome: 'accepted' }],
  [202, '3: Queued for later delivery', { outcome: 'accepted' }],
  [400, 'Missing receiver number, rejected', { outcome: 'refused', reason: 'bad-number', detail: 'HTTP 400' }],
  [400, "Garbage 'to' field, rejected.", { outcome: 'refused', reason: 'bad-number', detail: 'HTTP 400' }],
  [
    400,
    'Number(s) has/have been denied by white- and/or black-lists.',
    { outcome: 'refused', reason: 'blocked', detail: 'HTTP 400' },
  ],
  [403, 'Authorization failed for sendsms', { outcome: 'refused', reason: 'configuration', detail: 'HTTP 403' }],
  [403, 'Not routable. Do not try again.', { outcome: 'refused', reason: 'configuration', detail: 'HTTP 403' }],
  [404, 'Unknown request.', { outcome: 'refused', reason: 'configuration', detail: 'HTTP 404' }],
  [302, '', { outcome: 'refused', reason: 'configuration', detail: 'HTTP 302' }],
  [503, 'Temporal failure, try again later.', { outcome: 'not-sent', detail: 'HTTP 503', retryAfterMs: 7_000 }],
  [500, 'Sending failed.', { outcome: 'unknown', detail: 'HTTP 500' }],
  [504, 'of a proxy', { outcome: 'unknown', detail: 'HTTP 504' }],
];

describe('readKannelAnswer', () => {
  for (const [status, words, result] of CASES) {
    it(`takes ${status} "${words}" as ${result.outcome}`, () => {
      const headers = status === 503 ? { 'retry-after': '7' } : {};
      const answer = { kind: 'answer', status, headers, body: Buffer.from(words), isTruncated: false } as const;
      expect(readKannelAnswer(answer)).to.deep.equal(result);
    });
  }
});
