/** Account control where MAS owns the accounts: over a real Synapse, with MAS played, and real where the environment names one. */
import type { Context } from 'mocha';
import { accountsContract } from '../../../support/accounts-contract.ts';
import { FakeAccountHomeserver } from '../../../support/fake-account-homeserver.ts';
import { startFakeMas } from '../../../support/fake-mas.ts';
import { freePort } from '../../../support/free-port.ts';
import { masBench, type MasBench } from '../../../support/mas-bench.ts';
import { masFacts } from '../../../support/mas-facts.ts';
import { findRealMas, isRealMasNamed, startRealMas } from '../../../support/real-mas.ts';
import { startSynapse } from '../../../support/synapse.ts';
import { synapseWithMas, type TestMas } from '../../../support/test-mas.ts';

/** MAS, where the homeserver is, and whether that is one that cannot reactivate: Synapse 1.163 on SQLite. */
type Installation = readonly [mas: TestMas, homeserverUrl: string, isReactivationFaulty: boolean];
type StartMas = (homeserverUrl: string) => Promise<TestMas>;

const BOTH_REAL = 'Synapse and MAS real';

const INSTALLATIONS: Readonly<
  Record<string, (context: Context, stack: AsyncDisposableStack) => Promise<Installation>>
> = {
  'Synapse and MAS played': async (_context, stack) => {
    const homeserver = new FakeAccountHomeserver('mas');
    await homeserver.start();
    stack.defer(() => homeserver.stop());
    const mas = (homeserver.mas = await startFakeMas(homeserver.url));
    stack.defer(() => mas.stop());
    return [mas, homeserver.url, false];
  },
  'Synapse real, MAS played': async (_context, stack) => onSynapse(startFakeMas, stack),
  [BOTH_REAL]: async (context, stack) => {
    const found = await findRealMas(context);
    return onSynapse((homeserverUrl) => startRealMas(found, homeserverUrl), stack);
  },
};

async function onSynapse(startMas: StartMas, stack: AsyncDisposableStack): Promise<Installation> {
  const port = await freePort();
  const mas = await startMas(`http://127.0.0.1:${port}`);
  stack.defer(() => mas.stop());
  const synapse = await startSynapse({ registrations: [], port, extraConfig: synapseWithMas(mas) });
  stack.defer(() => synapse.stop());
  return [mas, synapse.url, true];
}

for (const [title, start] of Object.entries(INSTALLATIONS)) {
  describe(`Accounts of MAS: ${title}`, function () {
    this.timeout(60_000);
    if (title === BOTH_REAL && !isRealMasNamed()) {
      it('does what the others do', async function () {
        await findRealMas(this);
      });
      return;
    }
    const stack = new AsyncDisposableStack();
    let bench: MasBench;

    before(async function () {
      this.timeout(240_000);
      const [mas, homeserverUrl, isReactivationFaulty] = await start(this, stack);
      bench = { ...(await masBench(mas, homeserverUrl)), isReactivationFaulty };
    });
    after(() => stack.disposeAsync());

    describe('what the adapter does', () => accountsContract('mas', () => bench));
    describe('what the servers do', () => masFacts(() => bench));
  });
}
