/** While the bot's sync is away nobody can tell whose devices changed, so each message asks. */
import { expect } from 'chai';
import type { CryptoUser } from '../../../../src/matrix/crypto/crypto-user.ts';
import { ENGINES } from '../../../../src/matrix/crypto/engines.ts';
import { openUser, type ProvisioningParts } from '../../../../src/matrix/crypto/provision-user.ts';
import { CryptoStore } from '../../../../src/matrix/crypto/store/crypto-store.ts';
import { MatrixHttp } from '../../../../src/matrix/matrix-http.ts';
import { GHOST, ROOM } from '../../../support/crypto-bridge.ts';
import { FakeHomeserver } from '../../../support/fake-homeserver.ts';
import { StaffDevices } from '../../../support/staff-device.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('sending while the bot’s sync is away', function () {
  this.timeout(20_000);

  it('asks for everybody’s devices with each message, and shares the key with new ones', async () => {
    const homeserver = await FakeHomeserver.open();
    const staff = await StaffDevices.open(homeserver);
    const nurse = await staff.add('nurse');
    const { create, outboundSessions } = ENGINES.wasm;
    const store = CryptoStore.open({
      directory: await tempDir('crypto'),
      passphrase: 'p',
      engine: 'wasm',
      outboundSessions,
      scryptCost: 16,
    });
    const engine = await create(store);
    const http = new MatrixHttp({ url: homeserver.url, asToken: 'token' });
    let hears = true;
    const members = new Set([nurse.userId, GHOST]);
    const parts: ProvisioningParts = {
      http,
      store,
      engine,
      deviceId: 'CB',
      isGhost: (user) => user === GHOST,
      members: async () => members,
      rotations: () => 0,
      hearsOfChanges: () => hears,
    };
    const ghost: CryptoUser = await openUser(parts, GHOST, true);
    const say = async (txnId: string): Promise<string[]> => {
      const before = homeserver.requests.length;
      await ghost.encryptAndSend({ roomId: ROOM, type: 'm.room.message', content: { body: txnId }, txnId });
      return homeserver.requests.slice(before).map(({ path }) => path.split('/').slice(0, 2).join('/'));
    };
    const event = `rooms/${ROOM}`;

    await say('one');
    expect(await say('two')).to.deep.equal([event]);
    hears = false;
    expect(await say('three')).to.deep.equal(['keys/query', event]);
    const tablet = await staff.add('nurse', { deviceId: 'TABLET' });
    expect(await say('four')).to.include.members(['keys/query', 'keys/claim', 'sendToDevice/m.room.encrypted', event]);
    const last = homeserver.sent.at(-1);
    expect(last && (await tablet.read(last)).outcome).to.equal('clear');
    hears = true;
    expect(await say('five')).to.deep.equal([event]);

    await ghost.close();
    await engine.close();
    await store.close();
    await staff.close();
    http.close();
    await homeserver.stop();
  });
});
