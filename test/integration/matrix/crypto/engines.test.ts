/** Every engine that is installed keeps the contract. */
import { expect } from 'chai';
import { ConfigError } from '../../../../src/errors.ts';
import { ENGINES } from '../../../../src/matrix/crypto/engines.ts';
import { loadNativeSdk } from '../../../../src/matrix/crypto/native-engine.ts';
import { CryptoStore } from '../../../../src/matrix/crypto/store/crypto-store.ts';
import { describeEngineContract, type EngineFixture } from '../../../support/crypto-engine-contract.ts';
import { skip } from '../../../support/skip.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const hasNative = (await loadNativeSdk()) !== undefined;

for (const name of ['wasm', 'native'] as const) {
  if (name === 'wasm' || hasNative) describeEngineContract(name, () => openFixture(name));
}

describe('native engine where it is not installed', () => {
  it('says how to go on', async function () {
    if (hasNative) skip(this, 'the native engine is installed here');
    const store = openStore('native', await tempDir('crypto'));
    const error: unknown = await ENGINES.native.create(store).catch((reason: unknown) => reason);
    await store.close();
    expect(error).to.be.instanceOf(ConfigError);
    expect((error as Error).message).to.match(/not installed here.*set encryption\.engine to wasm/);
  });
});

function openStore(engine: 'wasm' | 'native', directory: string): CryptoStore {
  const { outboundSessions } = ENGINES[engine];
  return CryptoStore.open({ directory, passphrase: 'passphrase', engine, outboundSessions, scryptCost: 16 });
}

async function openFixture(name: 'wasm' | 'native'): Promise<EngineFixture> {
  const directory = await tempDir('crypto');
  let store = openStore(name, directory);
  const fixture: EngineFixture = {
    engine: await ENGINES[name].create(store),
    async reopen() {
      await fixture.close();
      store = openStore(name, directory);
      fixture.engine = await ENGINES[name].create(store);
    },
    async close() {
      await fixture.engine.close();
      await store.close();
    },
  };
  return fixture;
}
