/** The tools of all other end-to-end tests: a real homeserver and real clients, without the bridge. Shields must be seen where they are due. */
import { expect } from 'chai';
import { createNurse, type Nurse } from '../support/nurse.ts';
import { startSynapse, type Synapse } from '../support/synapse.ts';
import { waitFor } from '../support/wait-for.ts';

describe('real clients', function () {
  this.timeout(120_000);
  let synapse: Synapse;
  let ann: Nurse;
  let bob: Nurse;
  let room: string;

  before(async () => {
    synapse = await startSynapse({ registrations: [] });
    [ann, bob] = await Promise.all([createNurse(synapse, 'ann'), createNurse(synapse, 'bob')]);
    const encryption = { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } };
    const created = await ann.client.createRoom({ invite: [bob.userId], initial_state: [encryption] });
    room = created.room_id;
    expect(await bob.waitForInvite()).to.equal(room);
    await bob.join(room);
    await ann.waitForMember(room, bob.userId);
  });

  after(async () => {
    ann?.stop();
    bob?.stop();
    await synapse?.stop();
  });

  it('exchange texts, replies, edits, reactions, pictures and redactions without a warning', async () => {
    const first = await ann.send(room, 'first');
    expect((await bob.waitForMessage(room, 'first')).eventId).to.equal(first);
    await bob.reply(room, first, 'reply');
    await ann.edit(room, first, 'edited');
    await bob.waitForMessage(room, '* edited');
    await bob.react(room, first, '👍');
    await bob.sendImage(room, new Uint8Array([1, 2, 3]));
    await ann.waitForMessage(room, 'reply');
    const image = await ann.waitForMessage(room, ({ content }) => content['msgtype'] === 'm.image');
    expect([...(await ann.download(image))]).to.deep.equal([1, 2, 3]);
    await ann.redact(room, first);
    await bob.waitForMessage(room, ({ type }) => type === 'm.room.redaction');
    expect(bob.events.isRedacted(first)).to.equal(true);
    expect([...ann.events.warnings(), ...bob.events.warnings()]).to.deep.equal([]);
  });

  it('know all that came with a message when they read it', async () => {
    const texts = ['one', 'two', 'three', 'four', 'five'];
    const hearAgain = deafen(bob);
    for (const text of texts) await ann.send(room, text);
    hearAgain();
    await bob.waitForMessage(room, 'five');
    const bodies = bob.events.messages(room).map(({ content }) => content['body']);
    expect(bodies.slice(-texts.length)).to.deep.equal(texts);
  });

  it('read on a second device of theirs what is sent from then on', async () => {
    const second = await bob.secondDevice();
    await ann.waitForDevice(bob.userId, second.deviceId);
    await ann.send(room, 'for both devices');
    await second.waitForMessage(room, 'for both devices');
    expect(second.shieldOf((await bob.waitForMessage(room, 'for both devices')).eventId)).to.equal('none');
    expect(second.events.warnings()).to.deep.equal([]);
    await second.logout();
  });

  it('see receipts', async () => {
    const event = await ann.send(room, 'read me');
    await bob.waitForMessage(room, 'read me');
    const last = bob.client.getRoom(room)?.findEventById(event);
    await bob.client.sendReadReceipt(last ?? null);
    await ann.waitForReceipt(room, bob.userId, event);
  });

  it('refuse what an unverified device sends', async () => {
    const unverified = await bob.secondDevice({ verified: false });
    const event = await unverified.send(room, 'from a device that nobody vouched for');
    const isRefused = () => ann.events.warnings().some(({ shieldReason }) => shieldReason === 'UNSIGNED_SENDER_DEVICE');
    await waitFor('the refusal', isRefused, { instead: () => ann.describe(room) });
    expect(ann.shieldOf(event)).to.equal('undecryptable');
    expect(ann.events.warnings()).to.have.length(1);
    unverified.stop();
  });
});

/** Holds every request of a client but the one under way until the answer is called: then everything comes at once. */
function deafen({ client }: Nurse): () => void {
  const http = client.http as unknown as { requestOtherUrl: (...request: readonly unknown[]) => Promise<unknown> };
  const request = http.requestOtherUrl;
  const { promise, resolve } = Promise.withResolvers<void>();
  http.requestOtherUrl = async (...asked) => {
    await promise;
    return request(...asked);
  };
  return () => {
    http.requestOtherUrl = request;
    resolve();
  };
}
