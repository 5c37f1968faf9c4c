import { expect } from 'chai';
import { parseUserId, type UserId } from '../../../src/model/ids.ts';
import { isOurs, newGhost } from '../../../src/model/namespace.ts';

const namespace = { bot: '@care:hospital.test' as UserId, ghostPrefix: '_care_', domain: 'hospital.test' };

const CASES: readonly (readonly [string, boolean])[] = [
  ['@care:hospital.test', true],
  ['@_care_abc:hospital.test', true],
  ['@_care_:hospital.test', true],
  ['@nurse:hospital.test', false],
  ['@_carer:hospital.test', false],
  ['@x_care_abc:hospital.test', false],
  ['@_care_abc:evil.test', false],
  ['@care:evil.test', false],
  ['@_care_abc:hospital.test.evil.test', false],
];

describe('namespace', () => {
  for (const [user, ours] of CASES) {
    it(`${user} is ${ours ? 'ours' : 'somebody else'}`, () => expect(isOurs(namespace, user as UserId)).to.equal(ours));
  }

  it('makes ghosts that are ours, valid, and never the same', () => {
    const ghosts = Array.from({ length: 100 }, () => newGhost(namespace));
    expect(new Set(ghosts).size).to.equal(100);
    for (const ghost of ghosts) expect([parseUserId(ghost), isOurs(namespace, ghost)]).to.deep.equal([ghost, true]);
  });
});
