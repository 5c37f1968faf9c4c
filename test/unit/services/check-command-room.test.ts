import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import { CheckCommandRoom } from '../../../src/services/check-command-room.ts';
import { ADMIN, COMMAND_ROOM, LINES, NAMESPACE } from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy } from '../../support/line-team-policy.ts';

function check(snapshot: () => Promise<never>): CheckCommandRoom {
  return new CheckCommandRoom({
    policy: { current: async () => lineTeamPolicy(NAMESPACE, [ADMIN], LINES) },
    control: { snapshot },
    governedRooms: { find: async () => ({ kind: 'security' }) as GovernedRoom },
  });
}

describe('checking the command room', () => {
  it('says so where the bridge is not in it', async () => {
    const problem = await check(async () => Promise.reject(new PermanentError('not in it'))).problem(COMMAND_ROOM);
    expect(problem).to.equal('the bridge cannot look into it.');
  });

  it('leaves it to the queue while the homeserver is away', async () => {
    const fault = await check(async () => Promise.reject(new RetryableError('away')))
      .problem(COMMAND_ROOM)
      .catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(RetryableError);
  });
});
