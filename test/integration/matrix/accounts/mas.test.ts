/** Account control where MAS owns the accounts: over a real Synapse, with MAS played, and real where the environment names one. */
import { join } from 'node:path';
import type { Context } from 'mocha';
import { makeRegistration, writeRegistration } from '../../../../src/matrix/registration.ts';
import { accountsContract } from '../../../support/accounts-contract.ts';
import { AS_TOKEN, FakeAccountHomeserver } from '../../../support/fake-account-homeserver.ts';
import { startFakeMas } from '../../../support/fake-mas.ts';
import { freePort } from '../../../support/free-port.ts';
import { masBench, type MasBench } from '../../../support/mas-bench.ts';
import { masFacts } from '../../../support/mas-facts.ts';
import { findRealMas, isRealMasNamed, startRealMas } from '../../../support/real-mas.ts';
import { startSynapse } from '../../../support/synapse.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { synapseWithMas, type TestMas } from '../../../support/test-mas.ts';

/** `isReactivationFaulty`: the homeserver cannot reactivate, as Synapse 1.163 on SQLite. */
interface Installation {
  readonly mas: TestMas;
  readonly homeserverUrl: string;
  /** The appservice’s. */
  readonly asToken: string;
  readonly isReactivationFaulty: boolean;
}
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
    return { mas, homeserverUrl: homeserver.url, asToken: AS_TOKEN, isReactivationFaulty: false };
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
  const registration = join(await tempDir('mas'), 'registration.yaml');
  const nowhere = { domain: 'hospital.test', url: 'http://127.0.0.1:1', bot: 'carebridge', ghostPrefix: 'carebridge_' };
  const made = makeRegistration(nowhere);
  writeRegistration(registration, made);
  const synapse = await startSynapse({ registrations: [registration], port, extraConfig: synapseWithMas(mas) });
  stack.defer(() => synapse.stop());
  return { mas, homeserverUrl: synapse.url, asToken: made.asToken, isReactivationFaulty: true };
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
      const { mas, homeserverUrl, asToken, isReactivationFaulty } = await start(this, stack);
      bench = { ...(await masBench(mas, homeserverUrl, { asToken })), isReactivationFaulty };
    });
    after(() => stack.disposeAsync());

    describe('what the adapter does', () => accountsContract('mas', () => bench));
    describe('what the servers do', () => masFacts(() => bench));
  });
}
