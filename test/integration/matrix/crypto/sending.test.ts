/** What sending asks of the homeserver, and who gets the keys. */
import { expect } from 'chai';
import type { UserId } from '../../../../src/model/ids.ts';
import { BOT, CryptoBridge, GHOST, ROOM } from '../../../support/crypto-bridge.ts';
import { StaffDevices, type StaffDevice } from '../../../support/staff-device.ts';
import { waitFor } from '../../../support/wait-for.ts';

const EVENT_ONLY = ['rooms/!room:hospital.test'];

describe('sending encrypted messages', function () {
  this.timeout(30_000);
  let bridge: CryptoBridge;
  let staff: StaffDevices;
  let nurse: StaffDevice;

  beforeEach(async () => {
    bridge = await CryptoBridge.start();
    staff = await StaffDevices.open(bridge.homeserver);
    nurse = await staff.add('nurse');
    join(nurse);
  });

  afterEach(async () => {
    await staff.close();
    await bridge.stop();
  });

  it('lets staff read what a ghost and the bot say', async () => {
    for (const sender of [GHOST, BOT]) {
      const event = bridge.sent(await bridge.say('hello', sender));
      expect(event).to.include({ type: 'm.room.encrypted', sender, room_id: ROOM });
      expect(await nurse.read(event)).to.include({ outcome: 'clear', body: 'hello' });
    }
  });

  it('lets the bot read what a ghost said', async () => {
    const event = bridge.sent(await bridge.say('hello'));
    await waitFor('the bot to have the key', async () => (await bridge.read(event)).outcome === 'clear');
  });

  it('asks nothing but the event once the key is shared', async () => {
    await bridge.say('one');
    expect(await bridge.requestsOf(() => bridge.say('two'))).to.deep.equal(EVENT_ONLY);
    expect(await bridge.requestsOf(() => bridge.say('one'))).to.deep.equal(EVENT_ONLY);
  });

  it('asks nothing but the event after a restart either', async () => {
    const before = bridge.sent(await bridge.say('one'));
    await bridge.restart();
    let after = '';
    expect(await bridge.requestsOf(async () => (after = await bridge.say('two')))).to.deep.equal(EVENT_ONLY);
    expect(bridge.sent(after).content['session_id']).to.equal(before.content['session_id']);
    expect(await nurse.read(bridge.sent(after))).to.include({ outcome: 'clear' });
  });

  it('changes the session after 100 messages, with one more request', async () => {
    await bridge.say('first');
    const paths = await bridge.requestsOf(async () => {
      for (let count = 0; count < 100; count++) await bridge.say('again');
    });
    expect(paths.filter((path) => !path.startsWith('rooms/'))).to.deep.equal(['sendToDevice/m.room.encrypted']);
    expect(new Set(bridge.homeserver.sent.map(({ content }) => content['session_id'])).size).to.equal(2);
    const last = bridge.homeserver.sent.at(-1);
    expect(last && (await nurse.read(last)).outcome).to.equal('clear');
  });

  it('shares the key with whoever joins, and changes it when somebody leaves', async () => {
    const first = bridge.sent(await bridge.say('before'));
    const doctor = await staff.add('doctor');
    join(nurse, doctor);
    const second = bridge.sent(await bridge.say('to both'));
    expect(await doctor.read(second)).to.include({ outcome: 'clear', body: 'to both' });
    expect(await doctor.read(first)).to.include({ outcome: 'no-key' });
    join(doctor);
    const third = bridge.sent(await bridge.say('without the nurse'));
    expect(third.content['session_id']).to.not.equal(second.content['session_id']);
    expect(await nurse.read(third)).to.include({ outcome: 'no-key' });
  });

  it('shares the key with a device that logs in later', async () => {
    await bridge.say('before');
    // The same account again, with another device: the fake directory knows no passwords.
    const tablet = await staff.add('nurse', { deviceId: 'TABLET' });
    bridge.homeserver.change(nurse.userId);
    await waitFor('the bot to hear of it', async () => {
      const event = bridge.sent(await bridge.say('after'));
      return (await tablet.read(event)).outcome === 'clear';
    });
  });

  it('asks again for the devices of somebody who joins anew', async () => {
    await bridge.say('one');
    bridge.joins(nurse.userId);
    const paths = await bridge.requestsOf(() => bridge.say('two'));
    expect(paths).to.deep.equal(['keys/query', ...EVENT_ONLY]);
  });

  it('M1 gives whoever comes in a moment to read the keys of a ghost, which nobody knows from elsewhere; the bot need not wait', async () => {
    await bridge.say('before');
    bridge.joins(nurse.userId);
    const said: string[] = [];
    const [ghost, bot] = [GHOST, BOT].map((who) => bridge.say(`from ${who}`, who).then(() => said.push(who)));
    await bot;
    expect(said).to.deep.equal([BOT]);
    await ghost;
    expect(said).to.deep.equal([BOT, GHOST]);
  });

  it('ignores changes of people who are not in the room', async () => {
    await bridge.say('one');
    const stranger = '@stranger:hospital.test' as UserId;
    bridge.joins(stranger);
    expect(await bridge.requestsOf(() => bridge.say('two'))).to.deep.equal(EVENT_ONLY);
  });

  it('gives no key to a device that its owner has not signed', async () => {
    const doctor = await staff.add('doctor', { isSigned: false });
    join(nurse, doctor);
    const event = bridge.sent(await bridge.say('hello'));
    expect(await doctor.read(event)).to.include({ outcome: 'no-key' });
    expect(await nurse.read(event)).to.include({ outcome: 'clear' });
  });

  it('does not ask again at once for a device that could not be reached', async () => {
    const { oneTime } = bridge.homeserver.directory.device(nurse.userId, nurse.deviceId);
    const keys = [...oneTime];
    oneTime.clear();
    const event = bridge.sent(await bridge.say('nobody hears'));
    expect(await nurse.read(event)).to.include({ outcome: 'no-key' });
    for (const [id, key] of keys) oneTime.set(id, key);
    expect(await bridge.requestsOf(() => bridge.say('too early'))).to.deep.equal(EVENT_ONLY);
  });

  it('sends once for one transaction id', async () => {
    const [first, second] = [await bridge.say('hello', GHOST, 'inbox-1'), await bridge.say('hello', GHOST, 'inbox-1')];
    expect(second).to.equal(first);
    expect(bridge.homeserver.sent).to.have.length(1);
  });

  it('keeps the order of messages that are handed over together, and no two with one index', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => `message ${index}`);
    const events = await Promise.all(texts.map((text) => bridge.say(text)));
    const ciphertexts = events.map((id) => bridge.sent(id).content['ciphertext']);
    expect(new Set(ciphertexts).size).to.equal(30);
    for (const [index, id] of events.entries())
      expect(await nurse.read(bridge.sent(id))).to.include({ body: texts[index] });
  });

  it('publishes no keys with which a ghost could be addressed', async () => {
    await bridge.say('hello');
    const uploads = bridge.homeserver.requests.filter(({ path, user }) => path === 'keys/upload' && user === GHOST);
    expect(uploads).to.have.length(1);
    expect(Object.keys(JSON.parse(uploads[0]?.body ?? '{}') as object)).to.deep.equal(['device_keys']);
  });

  function join(...devices: StaffDevice[]): void {
    bridge.members.set(ROOM, new Set([BOT, GHOST, ...devices.map(({ userId }) => userId)]));
  }
});
