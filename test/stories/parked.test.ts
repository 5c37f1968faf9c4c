/** What was given up, over the real room: texts to a number that is missing in the configuration, found, retried over a kill -9, and dropped. */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { Chat, newNumber } from '../e2e/support/chat.ts';
import { changeConfig } from '../e2e/support/run-carebridge.ts';
import { startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom, dataOf } from './support/command-room.ts';

/** The carrier serves it; the configuration has it only later. */
const ANNEX = '+12125550199';
/** Nobody ever configures it. */
const STRAY = '+12125550198';

describe('what was given up', function () {
  this.timeout(120_000);
  let clinic: Clinic;
  let admin: Nurse;
  let nurse: Nurse;
  let command: CommandRoom;

  before(async function () {
    clinic = await startTestClinic(this);
    [admin, nurse] = [await clinic.login('admin'), await clinic.login('nurse')];
    command = await CommandRoom.join(clinic, admin, nurse);
  });

  after(async () => {
    await clinic?.close();
  });

  const texts = (from: string, to: string, text: string) => clinic.carrier.sendFromPatient({ from, to, text });
  const reports = () =>
    admin.events.messages(command.roomId).filter((event) => bodyOf(event).includes('that no line has'));

  it('a text to a number that no line has is kept, told once, and delivered once and in order after a retry that is killed (K1)', async () => {
    const known = await Chat.open(clinic, nurse, command.roomId);
    const unknown = newNumber();
    const asked = ['are you there?', 'hello?', 'I wait for your call'];
    for (const text of asked) await texts(unknown, ANNEX, text);
    await texts(known.number, ANNEX, 'STOP');
    await known.botSays('The patient opted out (STOP)');
    expect(await known.refused('See you on Monday.')).to.include('opted out');
    await waitFor('the report', () => reports().length > 0, command.instead());

    expect(await command.hears('parked', nurse)).to.include('Refused');
    const list = await command.says('!care parked');
    const rows = dataOf<{ reference: string }[]>(list);
    expect(rows).to.have.length(4);
    // A reference is made by chance, of letters and digits.
    const words = rows.reduce((text, { reference }) => text.replaceAll(reference, ''), bodyOf(list));
    expect(words).not.to.match(/there\?|555/);
    expect(await command.hears('parked retry all')).to.include('no line has the number it was sent to');

    await clinic.bridge.stop();
    await changeConfig(clinic, (config) => {
      const lines = config['lines'] as unknown as object[];
      lines.push({ id: 'annex', number: ANNEX, team: [nurse.userId] });
    });
    await clinic.bridge.start();
    const reminders = () =>
      admin.events
        .messages(command.roomId)
        .filter((event) => bodyOf(event).includes('number of line annex before it was'));
    await waitFor('the reminder', async () => reminders().length > 0);
    expect(bodyOf(reminders()[0]!)).to.include('are parked: 4.').and.include('`!care parked retry all`');
    expect(await command.hears('parked retry all --dry-run')).to.match(/^Only shown, nothing was done\.\n4 would be/);
    const typed = await admin.send(command.roomId, '!care parked retry all');
    await clinic.bridge.kill9();
    await clinic.bridge.start();
    const answer = await command.answerTo(typed);
    expect(bodyOf(answer)).to.match(/^(\d tried again|Nothing is parked)\.$/);

    const rooms = [await clinic.joinNextConversation(nurse), await clinic.joinNextConversation(nurse)];
    const chats = rooms.map((room) => new Chat(clinic, nurse, unknown, room));
    const hasFirst = (chat: Chat) => chat.fromPatient().includes(asked[0]!);
    const one = await waitFor('the first text', () => chats.find(hasFirst), command.instead());
    const other = chats.find((chat) => chat !== one)!;
    await one.nurseReads(asked.at(-1)!);
    await other.nurseReads('STOP');
    expect(one.fromPatient()).to.deep.equal(asked);
    expect(other.fromPatient()).to.deep.equal(['STOP']);
    expect(known.phoneTexts(), 'the warning, and no late confirmation').to.have.length(1);
    expect(reports()).to.have.length(1);
    expect(reminders()).to.have.length(1);
    expect(await command.hears('parked')).to.equal('Nothing is parked.');
  });

  it('what nobody wants is dropped with a reason, after a yes, and the audit log has it (F2)', async () => {
    await texts(newNumber(), STRAY, 'buy now');
    const [row] = dataOf<{ reference: string }[]>(await command.says('!care parked'));
    const { preview, answer } = await command.confirmed(`parked drop ${row!.reference} advertising`);
    expect(preview).to.include('a text of a patient: no line has the number it was sent to');
    expect(bodyOf(answer)).to.include(`Dropped: ${row!.reference}.`);
    expect(await command.hears('parked')).to.equal('Nothing is parked.');
    expect(await command.hears(`parked retry ${row!.reference}`)).to.include('Nothing is parked under this reference');
  });
});
