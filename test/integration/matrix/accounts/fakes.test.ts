import { expect } from 'chai';
import { RetryableError, UserError } from '../../../../src/errors.ts';
import { accountsContract } from '../../../support/accounts-contract.ts';
import { startFakeBench, type FakeBench } from './fake-bench.ts';

describe('Accounts on servers that are played', () => {
  for (const mode of ['native', 'moderation'] as const) {
    describe(mode, () => {
      let bench: FakeBench;
      before(async () => (bench = await startFakeBench(mode)));
      after(() => bench.stop());

      accountsContract(mode, () => bench);
    });
  }

  it('moderation: what the credential may do is asked anew, not believed for good', async () => {
    const bench = await startFakeBench('moderation', { adapter: 'moderation' });
    try {
      const user = await bench.newUser();
      await bench.accounts.lock(user);
      bench.homeserver.interfere = (request) =>
        request.endsWith('/capabilities') ? { status: 200, body: { capabilities: {} } } : undefined;
      bench.pass(10_000);
      const fault = await bench.accounts.lock(user).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(UserError);
      expect(await bench.accounts.mode()).to.include({ mode: 'refusing' });
    } finally {
      await bench.stop();
    }
  });

  it('who owns the accounts is asked once where nobody answers, not again for what is said of that; and anew a second later', async () => {
    const bench = await startFakeBench('native');
    try {
      const user = await bench.newUser();
      const asked = () => bench.homeserver.requests.filter((request) => request.includes('auth_metadata')).length;
      bench.homeserver.interfere = () => ({ status: 500, body: {} });
      expect(await bench.accounts.find(user).catch((error: unknown) => error)).to.be.instanceOf(RetryableError);
      expect(await bench.accounts.mode()).to.include({ mode: 'refusing' });
      expect(asked()).to.equal(1);
      bench.homeserver.interfere = () => undefined;
      bench.pass(1_000);
      expect(await bench.accounts.mode()).to.include({ mode: 'native' });
      expect(asked()).to.equal(2);
    } finally {
      await bench.stop();
    }
  });
});
