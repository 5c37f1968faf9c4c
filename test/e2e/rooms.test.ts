/** Room versions and what becomes of a conversation when its room is upgraded. */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { BOT, Chat } from './support/chat.ts';
import { changeConfig } from './support/run-carebridge.ts';
import { unexpectedWarnings } from './support/shields.ts';
import { callAs, deleteRoom, roomPath, startTestClinic } from './support/test-clinic.ts';

describe('rooms', function () {
  this.timeout(60_000);
  let clinic: Clinic;
  let nurse: Nurse;
  let commandRoom: string;

  before(async function () {
    clinic = await startTestClinic(this);
    nurse = await clinic.login('nurse');
    commandRoom = await clinic.joinCommandRoom(nurse);
  });

  afterEach(() => {
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    expect(clinic.carrier.doubled()).to.deep.equal([]);
  });

  after(async () => {
    await clinic?.close();
  });

  for (const version of ['9', '10', '11', '12']) {
    describe(`of version ${version}`, () => {
      before(async () => {
        await clinic.bridge.stop();
        await changeConfig(clinic, (config) => (config['rooms'] = { version }));
        await clinic.bridge.start();
      });

      it('carry texts both ways, and are followed when the bot or a member with the power to do so upgrades them', async () => {
        const chat = await Chat.open(clinic, nurse, commandRoom);
        const { ghost } = chat;
        const create = await callAs(clinic, BOT, 'GET', roomPath(chat.room, '/state/m.room.create'));
        expect(create['room_version']).to.equal(version);
        await chat.nurseSays('in the first room');
        await chat.patientSays('still the first');

        const byBot = await callAs(clinic, BOT, 'POST', roomPath(chat.room, '/upgrade'), { new_version: version });
        await nurse.waitForInvite((roomId) => roomId === byBot['replacement_room']);
        await nurse.join(String(byBot['replacement_room']));
        await goOnIn(chat, String(byBot['replacement_room']), 'second');

        // In version 12 the bot stands above, and takes such power back before it can be used.
        if (version === '12') return;
        const levels = await callAs(clinic, BOT, 'GET', roomPath(chat.room, '/state/m.room.power_levels'));
        await callAs(clinic, BOT, 'PUT', roomPath(chat.room, '/state/m.room.power_levels'), {
          ...levels,
          users: { ...(levels['users'] as object), [nurse.userId]: 100 },
        });
        const { replacement_room: byNurse } = await nurse.client.upgradeRoom(chat.room, version);
        // As Element does it for "invite members from this room to the new one".
        for (const member of [BOT, ghost]) await nurse.client.invite(byNurse, member);
        await goOnIn(chat, byNurse, 'third');
      });
    });
  }

  it('that were replaced: whoever still writes there is told', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom);
    const old = chat.room;
    const { replacement_room: next } = await callAs(clinic, BOT, 'POST', roomPath(old, '/upgrade'), {
      new_version: '12',
    });
    await nurse.waitForInvite((roomId) => roomId === next);
    await nurse.join(String(next));
    await goOnIn(chat, String(next), 'second');
    const levels = await callAs(clinic, BOT, 'GET', roomPath(old, '/state/m.room.power_levels'));
    const open = { ...levels, events_default: 0 };
    await callAs(clinic, BOT, 'PUT', roomPath(old, '/state/m.room.power_levels'), open);
    const before = chat.phoneTexts();
    const reply = await new Chat(clinic, nurse, chat.number, old).refused('too late');
    expect(reply)
      .to.match(/^Not sent: this room was replaced/)
      .and.include(encodeURIComponent(String(next)));
    expect(chat.phoneTexts()).to.deep.equal(before);
  });

  it('out of which the patient’s side is put take it in again: nothing is lost, and the order is kept', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom);
    await chat.patientSays('before');
    const { ghost } = chat;
    const texts = Array.from({ length: 10 }, (_, index) => `while it is put out, ${index}`);
    for (const [index, text] of texts.entries()) {
      if (index % 3 === 1)
        await callAs(clinic, BOT, 'POST', roomPath(chat.room, '/kick'), { user_id: ghost }).catch(() => undefined);
      await chat.patientTexts(text);
    }
    await chat.nurseReads(texts.at(-1) ?? '');
    expect(chat.fromPatient().slice(-texts.length)).to.deep.equal(texts);
    await chat.delivered(await chat.nurseSays('after'));
  });

  it('that the homeserver’s administrator deletes get a successor with the patient’s next text', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom);
    await chat.patientSays('before');
    const lost = chat.room;
    await deleteRoom(clinic, lost);
    const texting = chat.patientTexts('is anybody there?');
    const next = await nurse.waitForInvite((roomId) => roomId !== lost);
    await nurse.join(next);
    chat.room = next;
    await texting;
    await chat.nurseReads('is anybody there?');
    await chat.botSays('What you write here goes out as SMS');
    await chat.delivered(await chat.nurseSays('yes, here'));
    await nurse.waitForMessage(commandRoom, ({ content }) => String(content['body']).includes(`The room ${lost}`));
  });

  it('that others made are left by the bot', async () => {
    const { room_id: room } = await nurse.client.createRoom({ invite: [BOT] });
    await waitFor('the bot to leave', async () => {
      const event = await nurse.client.getStateEvent(room, 'm.room.member', BOT);
      return event['membership'] === 'leave';
    });
  });

  /** Both directions, in the new room; nothing more in the old one. */
  async function goOnIn(chat: Chat, replacement: string, which: string): Promise<void> {
    const { ghost, room: old } = chat;
    await nurse.waitForMember(replacement, BOT);
    await nurse.waitForMember(replacement, ghost);
    chat.room = replacement;
    await chat.nurseSays(`in the ${which} room`);
    const event = await chat.patientSays(`in the ${which} room, too`);
    expect(event.sender).to.equal(ghost);
    expect(await chat.refused('!care who')).to.include(`•••${chat.number.slice(-4)}`);
    const inOld = nurse.events.messages(old).map(({ content }) => content['body']);
    expect(inOld).not.to.include(`in the ${which} room, too`);
  }
});
