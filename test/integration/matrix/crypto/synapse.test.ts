/** Encryption on a real Synapse, with matrix-js-sdk clients that refuse whatever Element would warn of. */
import { expect } from 'chai';
import { resetCrypto } from '../../../../src/matrix/crypto/reset-crypto.ts';
import type { RoomId, UserId } from '../../../../src/model/ids.ts';
import type { Nurse } from '../../../support/nurse.ts';
import { skip } from '../../../support/skip.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { NAMESPACE, whyNoSynapse } from '../bridge-on-synapse.ts';
import { CryptoOnSynapse } from './crypto-on-synapse.ts';

describe('encryption on Synapse', function () {
  this.timeout(120_000);
  let bridge: CryptoOnSynapse;
  let nurse: Nurse;
  let roomId: RoomId;
  let ghost: UserId;
  const clients: Nurse[] = [];

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) skip(this, reason);
    bridge = await CryptoOnSynapse.start();
    nurse = await bridge.nurse();
    clients.push(nurse);
    ({ roomId, ghost } = await bridge.room(nurse));
  });

  after(async () => {
    for (const client of clients) client.stop();
    await bridge?.stop();
  });

  it('carries texts both ways without a shield', async () => {
    for (const sender of [ghost, NAMESPACE.bot]) {
      await bridge.say(sender, roomId, `hello from ${sender}`);
      const message = await nurse.waitForMessage(roomId, `hello from ${sender}`);
      expect(message).to.include({ sender, shield: 'none' });
    }
    const eventId = await nurse.send(roomId, 'hello patient');
    expect(await bridge.read(eventId)).to.deep.include({ outcome: 'clear', type: 'm.room.message' });
    expect(nurse.shieldOf(eventId)).to.equal('none');
  });

  it('asks the homeserver once a message', async () => {
    await bridge.say(ghost, roomId, 'the key is shared');
    const requests = await requestsOf(async () => {
      for (let count = 0; count < 10; count++) await bridge.say(ghost, roomId, `one request ${count}`);
    });
    expect(requests).to.have.length(10);
    await nurse.waitForMessage(roomId, 'one request 9');
  });

  it('asks the homeserver once a message after a restart too, and every message is read', async () => {
    await bridge.restart();
    expect(await requestsOf(() => bridge.say(ghost, roomId, 'after the restart'))).to.have.length(1);
    expect(await nurse.waitForMessage(roomId, 'after the restart')).to.include({ shield: 'none' });
  });

  it('reads what was said while it was down', async () => {
    await bridge.crypto.close();
    const events = [await nurse.send(roomId, 'one'), await nurse.send(roomId, 'two')];
    await bridge.open();
    for (const event of events) expect(await bridge.read(event)).to.include({ outcome: 'clear' });
  });

  it('lets a second device read from its login on, and a removed one no more', async () => {
    const tablet = await nurse.secondDevice();
    clients.push(tablet);
    await waitFor('the tablet to be given the key', async () => {
      await bridge.say(ghost, roomId, 'for the tablet');
      return await tablet.waitForMessage(roomId, 'for the tablet', { timeoutMs: 1_000 }).then(
        ({ shield }) => shield === 'none',
        () => false,
      );
    });
    const session = await sessionOf(await bridge.say(ghost, roomId, 'still for both'));
    await nurse.removeDevice(tablet.deviceId);
    await waitFor(
      'a new session',
      async () => (await sessionOf(await bridge.say(ghost, roomId, 'not for the tablet'))) !== session,
    );
    expect(await nurse.waitForMessage(roomId, 'not for the tablet')).to.include({ shield: 'none' });
  });

  it('lets who joins later read from then on', async () => {
    await bridge.say(ghost, roomId, 'before the doctor');
    const doctor = await bridge.nurse();
    clients.push(doctor);
    await bridge.bridge.rooms.invite(roomId, doctor.userId as UserId);
    await doctor.join(roomId);
    await waitFor('the doctor to be seen', async () =>
      (await bridge.bridge.rooms.joinedMembers(roomId)).has(doctor.userId as UserId),
    );
    await bridge.say(ghost, roomId, 'to the doctor');
    expect(await doctor.waitForMessage(roomId, 'to the doctor')).to.include({ shield: 'none' });
    expect(doctor.events.messages(roomId).some(({ content }) => content['body'] === 'before the doctor')).to.equal(
      false,
    );
  });

  it('takes nothing from a device that is not verified', async () => {
    const unverified = async () => [...(await bridge.crypto.deviceTrust.unverified([nurse.userId as UserId]))];
    expect(await unverified()).to.deep.equal([]);
    const stolen = await nurse.secondDevice({ verified: false });
    clients.push(stolen);
    await waitFor('the new device to be heard of', async () => (await unverified()).length > 0);
    expect(await unverified()).to.deep.equal([[nurse.userId, [stolen.deviceId]]]);
    expect(await bridge.read(await stolen.send(roomId, 'an order'))).to.deep.equal({ outcome: 'untrusted' });
  });

  it('carries pictures both ways', async () => {
    const picture = Buffer.from('a picture of a rash');
    const { content } = await bridge.crypto.files.upload(ghost, { bytes: picture, contentType: 'image/png' });
    await bridge.crypto.encryptAndSend({
      as: ghost,
      roomId,
      type: 'm.room.message',
      content: { ...content, body: 'rash.png' },
      txnId: 'picture',
    });
    const message = await nurse.waitForMessage(roomId, 'rash.png');
    expect(Buffer.from(await nurse.download(message))).to.deep.equal(picture);

    const read = await bridge.read(await nurse.sendImage(roomId, picture, 'answer.png'));
    const file = read.outcome === 'clear' ? await bridge.crypto.files.download(read.content, 1_000) : undefined;
    expect(file?.contentType).to.equal('image/png');
    expect(Buffer.from(file?.bytes ?? [])).to.deep.equal(picture);
  });

  it('begins with new keys after a reset, and still without a shield', async () => {
    const { config, settings, http } = bridge;
    await bridge.crypto.close();
    expect(await resetCrypto({ config, settings, http, bot: NAMESPACE.bot })).to.be.greaterThan(1);
    await bridge.open();
    await bridge.say(ghost, roomId, 'with new keys');
    expect(await nurse.waitForMessage(roomId, 'with new keys')).to.include({ shield: 'none' });
    await nurse.waitForDevice(NAMESPACE.bot, bridge.deviceId());
    expect(await bridge.read(await nurse.send(roomId, 'for the new keys'))).to.include({ outcome: 'clear' });
  });

  async function requestsOf(work: () => Promise<unknown>): Promise<string[]> {
    const { requests } = bridge.http;
    const before = requests.length;
    await work();
    return requests.slice(before).filter((request) => !request.includes('/keys/upload'));
  }

  async function sessionOf(eventId: string): Promise<unknown> {
    return (await bridge.event(eventId)).content['session_id'];
  }
});
