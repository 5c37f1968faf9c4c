/** A lost phone: from the next message on, nothing of ours can be read on it. */
import { expect } from 'chai';
import { BOT, CryptoBridge, GHOST, ROOM } from '../../../support/crypto-bridge.ts';
import { StaffDevices, type StaffDevice } from '../../../support/staff-device.ts';

describe('rotating room keys', function () {
  this.timeout(30_000);
  let bridge: CryptoBridge;
  let staff: StaffDevices;
  let desk: StaffDevice;
  let phone: StaffDevice;

  beforeEach(async () => {
    bridge = await CryptoBridge.start();
    staff = await StaffDevices.open(bridge.homeserver);
    desk = await staff.add('nurse', { deviceId: 'DESK' });
    phone = await staff.add('doctor', { deviceId: 'PHONE' });
    bridge.members.set(ROOM, new Set([BOT, GHOST, desk.userId, phone.userId]));
  });

  afterEach(async () => {
    await staff.close();
    await bridge.stop();
  });

  for (const sender of [GHOST, BOT]) {
    it(`D1 changes the key of ${sender === BOT ? 'the bot' : 'a ghost'}, and a device that is gone does not get it`, async () => {
      const before = bridge.sent(await bridge.say('before', sender));
      expect(await phone.read(before)).to.include({ outcome: 'clear' });
      // Nobody tells the bot's sync of it.
      bridge.homeserver.directory.users.get(phone.userId)?.delete(phone.deviceId);
      await bridge.crypto.rotate(phone.userId, [ROOM]);
      const after = bridge.sent(await bridge.say('after', sender));
      expect(after.content['session_id']).to.not.equal(before.content['session_id']);
      expect(await phone.read(after)).to.include({ outcome: 'no-key' });
      expect(await desk.read(after)).to.include({ outcome: 'clear', body: 'after' });
    });
  }

  it('changes it once, and then asks for nothing but the event', async () => {
    await bridge.say('before');
    await bridge.crypto.rotate(phone.userId, [ROOM]);
    const first = bridge.sent(await bridge.say('one'));
    const paths = await bridge.requestsOf(() => bridge.say('two'));
    expect(paths).to.deep.equal(['rooms/!room:hospital.test']);
    expect(bridge.homeserver.sent.at(-1)?.content['session_id']).to.equal(first.content['session_id']);
  });

  it('asks for the devices anew after a restart that comes between', async () => {
    const before = bridge.sent(await bridge.say('before'));
    bridge.homeserver.directory.users.get(phone.userId)?.delete(phone.deviceId);
    await bridge.crypto.rotate(phone.userId, [ROOM]);
    await bridge.restart();
    const after = bridge.sent(await bridge.say('after'));
    expect(after.content['session_id']).to.not.equal(before.content['session_id']);
    expect(await phone.read(after)).to.include({ outcome: 'no-key' });
  });
});
