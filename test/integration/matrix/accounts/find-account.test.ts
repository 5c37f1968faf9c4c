/** A name among the names of many patients, whose accounts the homeserver lists as well (D5). */
import { expect } from 'chai';
import { UserError } from '../../../../src/errors.ts';
import type { UserId } from '../../../../src/model/ids.ts';
import { FindAccount } from '../../../../src/services/find-account.ts';
import { startFakeBench, type FakeBench } from './fake-bench.ts';

const NAMESPACE = { bot: '@carebot:hospital.test' as UserId, ghostPrefix: 'care_', domain: 'hospital.test' };

describe('Finding an account by its name (D5)', () => {
  let bench: FakeBench;
  beforeEach(async () => {
    bench = await startFakeBench('native');
    patients(0, 20);
  });
  afterEach(() => bench.stop());

  function patients(from: number, to: number): void {
    for (let n = from; n < to; n++) bench.homeserver.addUser(`care_${n}`).displayname = `Patient ${n}`;
  }

  function staff(localpart: string, name: string): string {
    const user = bench.homeserver.addUser(localpart);
    user.displayname = name;
    return user.name;
  }

  async function find(name: string): Promise<string> {
    const { accounts } = bench;
    const finder = new FindAccount({ accounts, namespace: NAMESPACE, senderOf: async () => undefined });
    return finder.find({ by: 'name', name }).catch((error: unknown) => {
      expect(error).to.be.instanceOf(UserError);
      return (error as Error).message;
    });
  }

  for (const others of [20, 100, 230]) {
    it(`D5: one person is found among ${others} patients, and of two neither is taken`, async () => {
      patients(20, others);
      expect(await find('Pat')).to.include('Nobody with that name');
      const first = staff('nurse-1', 'Pat One');
      expect(await find('Pat')).to.equal(first);
      const second = staff('zoe', 'Pat Two');
      expect(await find('Pat'))
        .to.include('Several people have that name')
        .and.include(first)
        .and.include(second);
      expect(await find('pat two')).to.equal(second);
    });
  }

  it('D5: where there are too many to look at, nobody is taken', async () => {
    staff('nurse-1', 'Pat One');
    patients(20, 5_000);
    expect(await find('Pat'))
      .to.include('fits too many accounts')
      .and.include('Nothing was done. Write the user id.');
    expect(await find('Pat One')).to.equal('@nurse-1:hospital.test');
  });
});
