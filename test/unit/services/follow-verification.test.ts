import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import { silentLogger as log } from '../../../src/log.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { FollowVerification } from '../../../src/services/follow-verification.ts';
import { ADMIN, hospitalPolicy, THERAPIST } from '../../support/care-room.ts';

describe('following who has devices that are not verified', () => {
  const asked: (readonly UserId[])[] = [];
  const found: object[] = [];
  let answer: () => Promise<ReadonlyMap<UserId, readonly string[]>>;

  function follow(): FollowVerification {
    asked.length = found.length = 0;
    return new FollowVerification({
      policy: { current: async () => hospitalPolicy() },
      deviceTrust: { unverified: async (users) => (asked.push(users), answer()) },
      found: (unverified) => void found.push(Object.fromEntries(unverified)),
      log,
    });
  }

  it('asks for those who may be in strict rooms, and puts it into the policy', async () => {
    answer = async () => new Map([[THERAPIST, ['PHONE']]]);
    using following = follow();
    await following.start();
    expect(asked.map((users) => [...users].sort())).to.deep.equal([[ADMIN, THERAPIST].sort()]);
    expect(found).to.deep.equal([{ [THERAPIST]: ['PHONE'] }]);
  });

  it('leaves what was found as it is while the homeserver is away, and keeps nothing waiting', async () => {
    for (const error of [new RetryableError('away'), new Error('bug')]) {
      answer = async () => Promise.reject(error);
      using following = follow();
      await following.start();
      expect(found).to.deep.equal([]);
    }
  });
});
