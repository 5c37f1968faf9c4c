/** The whole bridge as a process and staff with real clients: an account is locked and unlocked (D2, D5, D6, D7, D8). */
import { expect } from 'chai';
import { canDecrypt } from '../../src/cli/demo/can-decrypt.ts';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { LOCKED, requestOf, sessionOf } from '../support/session.ts';
import { BOT, newNumber, type Chat } from '../e2e/support/chat.ts';
import { changeConfig } from '../e2e/support/run-carebridge.ts';
import { callAs, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse, ReceivedEvent } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { exportedAudit, withSigningKey } from './support/audit-export.ts';
import { bodyOf, type CommandRoom } from './support/command-room.ts';
import { startLeesTeam } from './support/lees-team.ts';

const NIGHT_NUMBER = '+12125550198';

describe('a locked account', function () {
  this.timeout(120_000);
  let clinic: Clinic;
  let admin: Nurse;
  let nurse: Nurse;
  let lee: Nurse;
  let command: CommandRoom;
  let chat: Chat;

  before(async function () {
    clinic = await startTestClinic(this, {
      accountControl: true,
      lines: {
        'front-desk': { number: '+12125550100', team: ['lee', 'nurse'] },
        night: { number: NIGHT_NUMBER, team: ['lee'] },
      },
      config: withSigningKey(),
    });
    ({ admin, lee, nurse, command, chat } = await startLeesTeam(clinic));
    await nurse.client.setDisplayName('Nurse Leeds');
    await nurse.waitForInvite((roomId) => roomId === chat.room, command.instead(nurse));
    await nurse.join(chat.room);
  });

  after(async () => {
    await clinic?.close();
  });

  const isOpen = async () => (await requestOf(sessionOf(lee))).status === 200;
  const devicesOf = async () => {
    const { devices } = await lee.client.getDevices();
    return devices.map(({ device_id: id }) => id).toSorted();
  };

  /** Which of its sender's room keys an event was encrypted with. */
  async function roomKeyOf({ roomId, eventId }: ReceivedEvent): Promise<unknown> {
    const { content } = await callAs(clinic, BOT, 'GET', roomPath(roomId, `/event/${encodeURIComponent(eventId)}`));
    return (content as { session_id?: string }).session_id;
  }

  /** Everything that the room said before has been handled: the bridge takes a room's events in order. */
  const handled = async (who = admin) => void (await command.hears('help', who));

  it('D5: half an id, a name that fits several, and nobody at all are refused; the question says whom it is about in full', async () => {
    for (const [line, words] of [
      [`lock @lee :${clinic.synapse.domain}`, 'That is not a user id'],
      ['lock @lee:hospital .test', 'not on this homeserver'],
      [`lock ${lee.userId} ${nurse.userId}`, 'Name one user at a time'],
      ['lock "Lee"', `Several people have that name. Nothing was done. Write the user id of the one you mean:`],
      ['lock', 'say whose account'],
    ] as const) {
      expect(await command.hears(line), line).to.include(words);
    }
    expect(await command.hears('devices "Leeds"')).to.include(`${nurse.userId} (Nurse Leeds): 1 device`);
    const said = await lee.send(command.roomId, 'I was robbed.');
    const asked = await command.answerTo(await admin.reply(command.roomId, said, '!care lock'));
    for (const question of [asked, await command.says('!care lock "Dr. Lee"')]) {
      expect(bodyOf(question)).to.include(`Locks ${lee.userId} (Dr. Lee), 1 device.`).and.to.include('React with ✅');
      expect(bodyOf(await command.decide(question, '❌'))).to.include('Dropped: `lock` was not done.');
    }
    expect(await isOpen()).to.equal(true);
  });

  it('D6: a bystander’s yes does not count, and a yes counts once', async () => {
    const question = await command.says(`!care lock ${lee.userId} robbed`);
    await nurse.react(command.roomId, question.eventId, '✅');
    await lee.react(command.roomId, question.eventId, '✅');
    await handled(nurse);
    expect(await isOpen()).to.equal(true);
    expect(bodyOf(await command.decide(question, '✅'))).to.include(`${lee.userId} is locked.`);
    expect(await command.hears(`unlock ${lee.userId}`)).to.include(`${lee.userId} is unlocked.`);
    await admin.react(command.roomId, question.eventId, '☑️');
    await handled();
    expect(await isOpen()).to.equal(true);
  });

  it('D2, D8: locked, nothing works but logging out; unlocked, the client goes on as it was, without a new verification', async () => {
    const other = clinic.add(await lee.secondDevice());
    other.stop();
    await chat.patientTexts('Before the lock');
    const earlier = await chat.nurseReads('Before the lock', nurse);
    await chat.nurseReads('Before the lock', lee);
    const [before, rooms] = [await devicesOf(), (await lee.client.getJoinedRooms()).joined_rooms.toSorted()];
    const { preview, answer } = await command.confirmed(`lock ${lee.userId} robbed on the way home`);
    expect(preview).to.include('2 devices').and.to.include('go on after `unlock`, without new verification');
    expect(bodyOf(answer))
      .to.include(
        '✓ the homeserver has the account as locked: it answers its requests with M_USER_LOCKED, all but signing out',
      )
      .and.to.include(`To undo: !care unlock ${lee.userId}`);
    expect(await requestOf(sessionOf(lee))).to.deep.include(LOCKED);
    expect(await requestOf(sessionOf(lee), '/_matrix/client/v3/sync?timeout=0')).to.deep.include(LOCKED);
    expect(await clinic.synapse.accessToken(clinic.accounts.get('lee')!).catch(String)).to.match(
      /401 .*M_USER_LOCKED.*"soft_logout":true/,
    );
    // New keys from the lock on. They are addressed to the locked device too, which cannot fetch them, and can once it is unlocked.
    expect(bodyOf(answer)).to.include('they read it after `unlock`');
    await chat.patientTexts('What is said meanwhile');
    const meanwhile = await chat.nurseReads('What is said meanwhile', nurse);
    expect(await roomKeyOf(meanwhile)).not.to.equal(await roomKeyOf(earlier));
    expect(await canDecrypt(lee, nurse, meanwhile)).to.equal(false);
    expect((await requestOf(sessionOf(other), '/_matrix/client/v3/logout', 'POST')).status).to.equal(200);

    expect(await command.hears(`unlock ${lee.userId} found the phone`)).to.include('✓ the account is as it was before');
    expect(await isOpen()).to.equal(true);
    expect(await devicesOf()).to.deep.equal(before.filter((id) => id !== other.deviceId));
    expect((await lee.client.getJoinedRooms()).joined_rooms.toSorted()).to.deep.equal(rooms);
    expect((await chat.nurseReads('What is said meanwhile', lee)).shield).to.equal('none');
    await chat.patientTexts('Are you there again?');
    expect((await chat.nurseReads('Are you there again?', lee)).shield).to.equal('none');
    await chat.nurseSays('I am.');
    expect(lee.events.warnings()).to.deep.equal([]);
  });

  it('D8: both ends are on record, with what was before and after', async () => {
    const entries = await exportedAudit(clinic, admin.userId, lee.userId);
    const [locked, unlocked] = ['account.lock', 'account.unlock'].map((action) =>
      entries.filter((entry) => entry.action === action).slice(-2),
    );
    expect(locked?.[0]).to.include({ actor: admin.userId, outcome: 'done', reason: 'robbed on the way home' });
    expect(locked?.[0]?.before).to.include({ locked: false, suspended: false });
    expect(locked?.[1]?.after).to.include({ locked: true });
    expect(unlocked?.[0]).to.include({ actor: admin.userId, reason: 'found the phone' });
    expect(unlocked?.[0]?.before).to.deep.include({ locked: true, restores: { locked: false, suspended: false } });
    expect(unlocked?.[1]?.after).to.include({ locked: false, suspended: false });
  });

  it('D7: while somebody is locked, texts go to who is left of the team, and to the administrators where nobody is', async () => {
    await command.confirmed(`lock ${lee.userId}`);
    await chat.patientTexts('Who is there now?');
    expect((await chat.nurseReads('Who is there now?', nurse)).shield).to.equal('none');

    const [known, text] = [newNumber(), 'Is this the front desk?'];
    await clinic.carrier.sendFromPatient({ from: known, to: '+12125550100', text });
    const isNew = (roomId: string) => roomId !== chat.room && roomId !== command.roomId;
    const room = await nurse.join(await nurse.waitForInvite(isNew, command.instead(nurse)));
    expect((await nurse.waitForMessage(room, text, command.instead(nurse, room))).shield).to.equal('none');
    const { joined } = await callAs(clinic, BOT, 'GET', roomPath(room, '/joined_members'));
    expect(Object.keys(joined as object))
      .to.include(nurse.userId)
      .and.not.to.include(lee.userId);

    await clinic.carrier.sendFromPatient({ from: newNumber(), to: NIGHT_NUMBER, text: 'It hurts again.' });
    const night = await admin.join(await admin.waitForInvite(isNew, command.instead()));
    expect((await admin.waitForMessage(night, 'It hurts again.', command.instead(admin, night))).shield).to.equal(
      'none',
    );

    await command.says(`!care unlock ${lee.userId}`);
    for (const missed of [room, night]) {
      await lee.waitForInvite((roomId) => roomId === missed, command.instead(lee));
    }
  });

  it('D6: a question that nobody answers in time does nothing', async () => {
    await changeConfig(clinic, (config) => (config['commands'] = { confirm_within: '1s' }));
    await clinic.bridge.restart();
    const question = await command.says(`!care lock ${lee.userId}`);
    const { expiresAt } = (question.content['org.carebridge.answer'] as { confirmation: { expiresAt: number } })
      .confirmation;
    await waitFor('the end of the question', () => Date.now() > expiresAt);
    expect(bodyOf(await command.decide(question, '✅'))).to.equal('Nobody confirmed `lock` in time. It was not done.');
    expect(await isOpen()).to.equal(true);
  });
});
