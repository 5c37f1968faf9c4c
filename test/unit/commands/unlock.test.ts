import { expect } from 'chai';
import type { CommandCall, ReadArguments } from '../../../src/commands/command.ts';
import { unlockCommand } from '../../../src/commands/unlock.ts';
import { UserError } from '../../../src/errors.ts';
import type { UserId } from '../../../src/model/ids.ts';
import type { FindAccount } from '../../../src/services/find-account.ts';
import type { UnlockAccount } from '../../../src/services/unlock-account.ts';

const LEESON = '@leeson:hospital.test' as UserId;

describe('unlock', () => {
  const unlocked: UserId[] = [];
  const command = unlockCommand({
    findAccount: { find: async () => LEESON } as unknown as FindAccount,
    unlockAccount: {
      run: async ({ target }: { target: UserId }) => (
        unlocked.push(target),
        { outcome: 'done', text: '', after: null }
      ),
    } as unknown as UnlockAccount,
  });
  const run = (user: string | undefined) =>
    command
      .run(
        { repliesTo: '$of-leeson', room: { roomId: '!command' } } as unknown as CommandCall,
        { user } as object as ReadArguments,
      )
      .catch((error: unknown) => error);

  it('D5: acts on nobody by a name, which may fit somebody else, since it does not ask back', async () => {
    const refused = await run('"Lee');
    expect(refused).to.be.instanceOf(UserError).with.property('message').that.includes(`Write the user id: ${LEESON}`);
    expect(unlocked).to.deep.equal([]);
  });

  it('D5: acts on a whole user id, and on whoever wrote what it answers', async () => {
    await run(LEESON);
    await run(undefined);
    expect(unlocked).to.deep.equal([LEESON, LEESON]);
  });
});
