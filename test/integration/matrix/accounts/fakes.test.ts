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
});
