/** Who can read and who can write: devices that come and go, staff that come and go, keys that are late. */
import { expect } from 'chai';
import { canDecrypt } from '../../src/cli/demo/can-decrypt.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { Chat } from './support/chat.ts';
import type { HomeserverProxy } from './support/homeserver-proxy.ts';
import { metric } from './support/metric.ts';
import { expectWarning, unexpectedWarnings } from './support/shields.ts';
import { startProxiedClinic, type ProxiedClinic } from './support/proxied-clinic.ts';

const KEY_NOTICE_MS = 3_000;

describe('devices and members', function () {
  this.timeout(60_000);
  let proxy: HomeserverProxy;
  let clinic: ProxiedClinic;
  let nurse: Nurse;
  let commandRoom: string;
  let chat: Chat;

  before(async function () {
    clinic = await startProxiedClinic(this, {
      lines: { 'front-desk': { number: '+12125550100', team: ['nurse', 'doctor'] } },
      config: { encryption: { key_notice_after: `${KEY_NOTICE_MS / 1000}s` } },
    });
    ({ proxy } = clinic);
    await clinic.bridge.start();
    nurse = await clinic.login('nurse');
    commandRoom = await clinic.joinCommandRoom(nurse);
  });

  beforeEach(async () => {
    chat = await Chat.open(clinic, nurse, commandRoom);
  });

  afterEach(() => {
    proxy.release();
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
  });

  after(async () => {
    await clinic?.close();
  });

  it('a second device that is logged in later reads and writes from then on', async () => {
    await chat.patientSays('before');
    const second = clinic.add(await secondDevice());
    await chat.patientTexts('after');
    const event = await chat.nurseReads('after', second);
    expect(event.shield).to.equal('none');
    await second.send(chat.room, 'from the second device');
    await chat.phoneGets('from the second device');
    const reply = await second.send(chat.room, '!care who');
    await chat.botReplies(reply);
    await chat.botSays('Consent to texts', second);
    expect(second.events.warnings()).to.deep.equal([]);
    await second.logout();
  });

  it('a removed device gets no more keys (D1)', async () => {
    const second = await secondDevice();
    await chat.patientTexts('for both');
    await chat.nurseReads('for both', second);
    await nurse.removeDevice(second.deviceId);
    second.stop();
    await chat.nurseSays('the nurse’s client forgets it too');
    const from = proxy.seen.length;
    const event = await chat.patientSays('for the first only');
    expect(proxy.keysSentTo(from)).to.include(`${nurse.userId} ${nurse.deviceId}`);
    expect(proxy.keysSentTo(from)).not.to.include(`${nurse.userId} ${second.deviceId}`);
    expect(await canDecrypt(nurse, nurse, event)).to.equal(true);
    expect(await canDecrypt(second, nurse, event)).to.equal(false);
    const answer = await chat.refused('!care who');
    expect(answer).to.include('Consent to texts');
    expect(proxy.keysSentTo(from)).not.to.include(`${nurse.userId} ${second.deviceId}`);
  });

  it('an unverified device is refused in words, and gets no keys (M1)', async () => {
    const unverified = clinic.add(await nurse.secondDevice({ verified: false }));
    const from = proxy.seen.length;
    const event = await unverified.send(chat.room, 'who wrote this?');
    expect(await chat.botReplies(event)).to.include('this device is not verified');
    await chat.patientSays('not for the unverified one');
    await chat.nurseSays('from the verified one');
    expect(proxy.keysSentTo(from)).not.to.include(`${nurse.userId} ${unverified.deviceId}`);
    expect(chat.phoneTexts()).not.to.include('who wrote this?');
    expectWarning(event);
    await nurse.removeDevice(unverified.deviceId);
    unverified.stop();
  });

  it('a member who joins later reads from joining only; one who leaves gets no more keys', async () => {
    await chat.patientSays('before the doctor came');
    const doctor = await clinic.login('doctor');
    await doctor.waitForInvite((roomId) => roomId === chat.room);
    await doctor.join(chat.room);
    await nurse.waitForMember(chat.room, doctor.userId);
    await doctor.send(chat.room, '!care who');
    await chat.botSays('Consent to texts', doctor);
    await chat.patientSays('while the doctor is here');
    expect((await chat.nurseReads('while the doctor is here', doctor)).shield).to.equal('none');
    expect(chat.fromPatient(doctor)).to.deep.equal(['while the doctor is here']);
    await doctor.send(chat.room, 'a word from the doctor');
    await chat.phoneGets('a word from the doctor');
    expect(doctor.events.warnings()).to.deep.equal([]);

    await doctor.leave(chat.room);
    await waitFor(
      'the nurse to see it',
      () => nurse.client.getRoom(chat.room)?.getMember(doctor.userId)?.membership === 'leave',
    );
    // The bridge gets events in order: with this text it knows that the doctor left.
    await chat.nurseSays('the doctor left');
    const from = proxy.seen.length;
    const event = await chat.patientSays('after the doctor left');
    expect(proxy.keysSentTo(from).filter((device) => device.startsWith(doctor.userId))).to.deep.equal([]);
    expect(proxy.keysSentTo(from)).to.include(`${nurse.userId} ${nurse.deviceId}`);
    expect(await canDecrypt(doctor, nurse, event)).to.equal(false);
  });

  it('a message whose key comes a little later goes out without a word', async () => {
    await nurse.crypto.forceDiscardSession(chat.room);
    proxy.hold((url) => url.includes('/sync'));
    const event = await nurse.send(chat.room, 'a little late');
    await waitFor('the event to wait for its key', async () => {
      return (await metric(clinic, 'carebridge_queue_waiting', 'matrix-events')) > 0;
    });
    expect(chat.phoneTexts()).not.to.include('a little late');
    proxy.release();
    await chat.phoneGets('a little late');
    await chat.nurseSays('next');
    expect(chat.repliesTo(event)).to.deep.equal([]);
  });

  it('a message whose key is late is said to wait; when the key comes it goes out and the notice is withdrawn', async () => {
    await nurse.crypto.forceDiscardSession(chat.room);
    proxy.hold((url) => url.includes('/sync'));
    const event = await nurse.send(chat.room, 'very late');
    const notice = await chat.botSays('its key has not come');
    expect(chat.repliesTo(event)).to.have.length(1);
    expect(chat.phoneTexts()).not.to.include('very late');
    proxy.release();
    await chat.phoneGets('very late');
    await nurse.waitForMessage(chat.room, ({ type }) => type === 'm.room.redaction', { after: notice.eventId });
    expect(nurse.events.isRedacted(notice.eventId)).to.equal(true);
    await chat.nurseSays('in time');
    expect(chat.phoneTexts().slice(1)).to.deep.equal(['very late', 'in time']);
  });

  /** Logged in and verified, and known to the bridge. */
  async function secondDevice(): Promise<Nurse> {
    const second = await nurse.secondDevice();
    await waitFor('the bridge to know the device', () => proxy.hasSeenSigned(nurse.userId, second.deviceId));
    return second;
  }
});
