import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { errcodeOf, statusOf, toFault } from '../../../src/matrix/matrix-fault.ts';
import { refusal } from './fake-homeserver.ts';

describe('faults of the homeserver', () => {
  const table: readonly (readonly [
    string,
    unknown,
    typeof RetryableError | typeof PermanentError,
    string | undefined,
  ])[] = [
    [
      'not reachable',
      Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
      RetryableError,
      undefined,
    ],
    ['nothing known', undefined, RetryableError, undefined],
    ['too many requests', refusal(429, 'M_LIMIT_EXCEEDED', { retryAfterMs: 5 }), RetryableError, 'M_LIMIT_EXCEEDED'],
    ['internal error', refusal(500, 'M_UNKNOWN'), RetryableError, 'M_UNKNOWN'],
    ['gateway error without a Matrix body', { statusCode: 502 }, RetryableError, undefined],
    ['token not known', refusal(401, 'M_UNKNOWN_TOKEN'), RetryableError, 'M_UNKNOWN_TOKEN'],
    ['forbidden', refusal(403, 'M_FORBIDDEN'), PermanentError, 'M_FORBIDDEN'],
    ['not found', refusal(404, 'M_NOT_FOUND'), PermanentError, 'M_NOT_FOUND'],
    ['an error code that is none', refusal(400, 'nurse said: hello'), PermanentError, undefined],
  ];
  for (const [title, error, type, errcode] of table) {
    it(`${title}: ${type.name}`, () => {
      const fault = toFault(error, 'try it');
      expect(fault).to.be.instanceOf(type);
      expect(fault.message).to.match(/^Could not try it: /);
      expect(fault.message).not.to.contain('what the homeserver wrote');
      expect(fault.message).not.to.contain('hello');
      expect(errcodeOf(fault)).to.equal(errcode);
    });
  }

  it('keeps the wait that the homeserver asked for', () => {
    const fault = toFault(refusal(429, 'M_LIMIT_EXCEEDED', { retryAfterMs: 1234 }), 'try it');
    expect((fault as RetryableError).retryAfterMs).to.equal(1234);
    expect(statusOf(fault)).to.equal(429);
  });

  it('leaves a fault as it is', () => {
    const fault = new RetryableError('later');
    expect(toFault(fault, 'try it')).to.equal(fault);
  });
});
