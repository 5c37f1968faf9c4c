import { expect } from 'chai';
import { faultOf, IS_RETRIED, remedyOf, type AdminFault } from '../../../../src/matrix/accounts/admin-fault.ts';

describe('what an admin API’s answer means', () => {
  for (const [status, errcode, fault, isRetried] of [
    [429, 'M_LIMIT_EXCEEDED', 'busy', true],
    [500, 'M_UNKNOWN', 'failing', true],
    [503, undefined, 'failing', true],
    [401, 'M_UNKNOWN_TOKEN', 'token-not-accepted', false],
    [401, undefined, 'token-not-accepted', false],
    [401, 'M_USER_LOCKED', 'account-locked', false],
    [403, 'M_FORBIDDEN', 'not-permitted', false],
    [403, undefined, 'not-permitted', false],
    [404, 'M_NOT_FOUND', 'refused', false],
    [400, undefined, 'refused', false],
    [302, undefined, 'refused', false],
  ] as const) {
    it(`B2 ${status} ${errcode ?? ''} is ${fault}, ${isRetried ? 'tried again' : 'said at once'}`, () => {
      expect(faultOf({ status, errcode })).to.equal(fault);
      expect(IS_RETRIED[fault]).to.equal(isRetried);
    });
  }

  it('is no fault where it is a success', () => {
    for (const status of [200, 201, 204]) expect(faultOf({ status })).to.equal(undefined);
  });

  it('says what to do, and names the credential, wherever an operator must mend it', () => {
    const told = (Object.keys(IS_RETRIED) as AdminFault[]).filter((fault) => remedyOf(fault, 'CREDENTIAL'));
    expect(told).to.deep.equal(['token-not-accepted', 'account-locked', 'not-permitted']);
    for (const fault of told) expect(remedyOf(fault, 'CREDENTIAL')).to.match(/CREDENTIAL.*`carebridge doctor` shows/);
  });
});
