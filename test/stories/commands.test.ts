/** The whole bridge as a process, and staff with real clients: rooms are made, changed by hand, classified and given back by commands. */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { BOT, Chat } from '../e2e/support/chat.ts';
import { callAs, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom, dataOf } from './support/command-room.ts';

const LEVELS = '/state/m.room.power_levels/';
const JOIN_RULES = '/state/m.room.join_rules/';

describe('governed rooms by command', function () {
  this.timeout(180_000);
  let clinic: Clinic;
  let admin: Nurse;
  let nurse: Nurse;
  let command: CommandRoom;

  before(async function () {
    clinic = await startTestClinic(this, {
      config: { units: [{ id: 'icu', name: 'Intensive care' }] },
    });
    [admin, nurse] = [await clinic.login('admin'), await clinic.login('nurse')];
    command = await CommandRoom.join(clinic, admin, nurse);
  });

  after(async () => {
    await clinic?.close();
  });

  async function make(line: string): Promise<string> {
    const answer = await command.says(`!care ${line}`);
    expect(dataOf<{ room?: string } | undefined>(answer)?.room, bodyOf(answer)).to.be.a('string');
    return dataOf<{ room: string }>(answer).room;
  }

  const levelsOf = (room: string) => callAs(clinic, BOT, 'GET', roomPath(room, LEVELS));

  it('A4: what an administrator changes by hand is put back, and the room is told who it was', async () => {
    const room = await make('room create Ward round');
    await admin.join(room);
    await waitFor('the power of the role', async () => {
      return ((await levelsOf(room))['users'] as Record<string, number>)[admin.userId] === 90;
    });
    // The bot takes the power back as soon as it sees it: whoever is quick enough changes something meanwhile.
    await waitFor('a change by hand', async () => {
      const levels = await levelsOf(room);
      const users = { ...(levels['users'] as object), [admin.userId]: 100 };
      await callAs(clinic, BOT, 'PUT', roomPath(room, LEVELS), { ...levels, users });
      return await admin.client
        .sendStateEvent(room, 'm.room.join_rules' as never, { join_rule: 'public' } as never)
        .then(
          () => true,
          () => false,
        );
    });
    await waitFor('the join rule', async () => {
      return (await callAs(clinic, BOT, 'GET', roomPath(room, JOIN_RULES)))['join_rule'] === 'invite';
    });
    const told = await admin.waitForMessage(
      room,
      (event) => event.sender === BOT && bodyOf(event).includes('join rule was public'),
      command.instead(admin, room),
    );
    expect(bodyOf(told)).to.include(admin.userId);
    expect(((await levelsOf(room))['users'] as Record<string, number>)[admin.userId]).to.equal(90);
    expect(await command.hears(`room show ${room}`)).to.include('It matches the policy');
  });

  it('a patient’s room of class sensitive sends no text, and lets out whose role has not that class', async () => {
    const chat = await Chat.open(clinic, nurse, command.roomId);
    await chat.nurseSays('See you on Monday.');
    const { preview } = await command.confirmed(`phi set sensitive ${chat.room}`);
    expect(preview).to.include('No more texts').and.to.include(nurse.userId);
    await waitFor('the nurse to be out', async () => {
      const member = await callAs(clinic, BOT, 'GET', roomPath(chat.room, `/state/m.room.member/${nurse.userId}`));
      return member['membership'] === 'leave';
    });
    expect(await command.hears(`phi set none ${chat.room}`)).to.include('never be of class none');
  });

  it('a unit has a space, and its rooms are in it', async () => {
    const space = await make('unit create icu');
    const room = await make('room create Ward team --unit icu');
    await waitFor('the room in the space', async () => {
      const child = roomPath(space, `/state/m.space.child/${encodeURIComponent(room)}`);
      return await callAs(clinic, BOT, 'GET', child).then(
        ({ via }) => Array.isArray(via),
        () => false,
      );
    });
    expect(await command.hears('room list'))
      .to.include('Ward team')
      .and.to.include('unit icu');
  });

  it('a room of people is adopted after its preview, and given back', async () => {
    const { room_id: room } = await admin.client.createRoom({
      name: 'Old team',
      room_version: '10',
      invite: [nurse.userId, BOT],
      power_level_content_override: { users: { [admin.userId]: 100, [BOT]: 100 } },
    });
    await admin.client.setPowerLevel(room, admin.userId, 90);
    const adopted = await command.confirmed(`room adopt ${room} --class phi`);
    expect(adopted.preview).to.include('version 10').and.to.include('Encryption cannot be taken back');
    await waitFor('encryption', async () => {
      return await callAs(clinic, BOT, 'GET', roomPath(room, '/state/m.room.encryption/')).then(
        ({ algorithm }) => algorithm === 'm.megolm.v1.aes-sha2',
        () => false,
      );
    });
    const released = await command.confirmed(`room release ${room}`);
    expect(released.preview).to.include(admin.userId);
    expect(bodyOf(released.answer)).to.include('no longer governed');
    await admin.client.setRoomName(room, 'Ours again');
  });

  it('A4: a list of roles that is sent as an encrypted file is shown, and in effect after a yes', async () => {
    const list = (...rows: string[]) => ({
      bytes: Buffer.from(['user,role', ...rows, ''].join('\r\n')),
      name: 'roles.csv',
      contentType: 'text/csv',
    });
    const { roomId } = command;
    const bad = await admin.sendFile(roomId, list(`${nurse.userId},king`, 'nurse,line-team'));
    expect(bodyOf(await command.answerTo(await admin.reply(roomId, bad, '!care role import'))))
      .to.include('line 2: there is no such role')
      .and.to.include('line 3: the user is not a full user id');

    const good = await admin.sendFile(roomId, list(`${admin.userId},line-team`));
    const question = await command.answerTo(await admin.reply(roomId, good, '!care role import'));
    expect(bodyOf(question)).to.include(`+ ${admin.userId} line-team`);
    expect(bodyOf(await command.decide(question, '✅'))).to.include('The list is in effect: 1 given, 0 taken');
    expect(await command.hears(`role list ${admin.userId}`)).to.include('line-team');

    const captioned = await admin.sendFile(roomId, { ...list(), caption: '!care role import' });
    const takes = await command.answerTo(captioned);
    expect(bodyOf(takes)).to.include(`- ${admin.userId} line-team`);
    expect(bodyOf(await command.decide(takes, '✅'))).to.include('0 given, 1 taken');
  });

  it('whoever has not the permission is refused', async () => {
    for (const line of [
      'room create X',
      `room adopt ${command.roomId}`,
      'unit create icu',
      `phi set none ${command.roomId}`,
    ]) {
      expect(await command.hears(line, nurse)).to.include('Refused');
    }
  });
});
