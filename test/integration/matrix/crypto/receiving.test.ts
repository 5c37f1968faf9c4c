/** The bot's sync and what it decrypts. */
import { expect } from 'chai';
import { BOT, CryptoBridge, GHOST, ROOM } from '../../../support/crypto-bridge.ts';
import { StaffDevices, type StaffDevice } from '../../../support/staff-device.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { SentEvent } from '../../../support/fake-homeserver.ts';

describe('receiving encrypted messages', function () {
  this.timeout(30_000);
  let bridge: CryptoBridge;
  let staff: StaffDevices;
  let nurse: StaffDevice;

  beforeEach(async () => {
    bridge = await CryptoBridge.start();
    staff = await StaffDevices.open(bridge.homeserver);
    nurse = await staff.add('nurse');
    bridge.members.set(ROOM, new Set([BOT, GHOST, nurse.userId]));
  });

  afterEach(async () => {
    await staff.close();
    await bridge.stop();
  });

  it('reads what staff say, and tells that keys came', async () => {
    const told = new Promise<void>((resolve) => bridge.crypto.onKeys(resolve));
    const event = await nurse.say('take two', ROOM, [BOT], '$one');
    expect(await bridge.read(event)).to.deep.equal({ outcome: 'no-key' });
    bridge.homeserver.wake();
    await told;
    expect(await bridge.read(event)).to.deep.equal({
      outcome: 'clear',
      type: 'm.room.message',
      content: { msgtype: 'm.text', body: 'take two' },
    });
  });

  it('reads the same event again, but no other with its ciphertext', async () => {
    const event = await nurse.say('take two', ROOM, [BOT], '$one');
    expect((await readSoon(event)).outcome).to.equal('clear');
    expect((await bridge.read(event)).outcome).to.equal('clear');
    expect(await bridge.read({ ...event, event_id: '$replayed' })).to.deep.equal({ outcome: 'broken' });
    await bridge.restart();
    expect((await bridge.read(event)).outcome).to.equal('clear');
    expect(await bridge.read({ ...event, event_id: '$replayed' })).to.deep.equal({ outcome: 'broken' });
  });

  it('does not take a message for somebody else’s', async () => {
    const event = await nurse.say('take two', ROOM, [BOT], '$one');
    expect((await readSoon(event)).outcome).to.equal('clear');
    expect((await bridge.read({ ...event, sender: '@doctor:hospital.test' })).outcome).to.equal('untrusted');
    expect((await bridge.read({ ...event, room_id: '!other:hospital.test' })).outcome).to.not.equal('clear');
  });

  it('takes nothing from a device that its owner has not signed, until he has', async () => {
    const doctor = await staff.add('doctor', { isSigned: false });
    const event = await doctor.say('an order', ROOM, [BOT], '$order');
    expect(await readSoon(event)).to.deep.equal({ outcome: 'untrusted' });
    await doctor.publish(true);
    bridge.homeserver.change(doctor.userId);
    await waitFor('the signature to be seen', async () => (await bridge.read(event)).outcome === 'clear');
  });

  it('takes what the configuration allows', async () => {
    bridge.config = { ...bridge.config, trust: 'any' };
    await bridge.restart();
    const doctor = await staff.add('doctor', { isSigned: false });
    expect((await readSoon(await doctor.say('an order', ROOM, [BOT], '$order'))).outcome).to.equal('clear');
  });

  for (const [what, content] of [
    ['no ciphertext', { algorithm: 'm.megolm.v1.aes-sha2' }],
    ['another algorithm', { algorithm: 'm.olm.v1.curve25519-aes-sha2', ciphertext: {} }],
    ['a number for a session', { algorithm: 'm.megolm.v1.aes-sha2', session_id: 1, ciphertext: 'AwgA' }],
    ['nonsense', { algorithm: 'm.megolm.v1.aes-sha2', session_id: 'x', ciphertext: '\u0000' }],
    ['nothing', {}],
  ] as const) {
    it(`calls an event with ${what} broken`, async () => {
      const event = { type: 'm.room.encrypted', room_id: ROOM, event_id: '$bad', sender: nurse.userId, content };
      expect(await bridge.read(event)).to.deep.equal({ outcome: 'broken' });
    });
  }

  it('gets the keys that came while it was down', async () => {
    await bridge.close();
    const events = [await nurse.say('one', ROOM, [BOT], '$one'), await nurse.say('two', ROOM, [BOT], '$two')];
    await bridge.start();
    for (const event of events) expect((await bridge.read(event)).outcome).to.equal('clear');
  });

  it('goes on after the homeserver was away', async () => {
    bridge.homeserver.syncFault = { status: 502 };
    const before = bridge.homeserver.syncs;
    bridge.homeserver.wake();
    await waitFor('a failed sync', () => bridge.homeserver.syncs > before + 1);
    bridge.homeserver.syncFault = undefined;
    expect((await readSoon(await nurse.say('one', ROOM, [BOT], '$one'))).outcome).to.equal('clear');
  });

  async function readSoon(event: SentEvent) {
    bridge.homeserver.wake();
    let result = await bridge.read(event);
    await waitFor('the key', async () => (result = await bridge.read(event)).outcome !== 'no-key');
    return result;
  }
});
