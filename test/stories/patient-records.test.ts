/** The whole bridge as a process, and a nurse with a real client: whose number it is, and what is kept of what was said (F3, G2, G3, G4, H6). */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { Chat } from '../e2e/support/chat.ts';
import { filesOf, Planted } from '../e2e/support/planted.ts';
import { runCarebridge } from '../e2e/support/run-carebridge.ts';
import { startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';

describe('patients’ identity and records', function () {
  this.timeout(120_000);
  let clinic: Clinic;
  let nurse: Nurse;
  let commandRoom: string;

  before(async function () {
    const key = () => randomBytes(32).toString('base64');
    clinic = await startTestClinic(this, {
      config: {
        consent: { identity_check: 'date-of-birth' },
        archive: { key: key() },
        audit: { signing_key: key() },
      },
    });
    nurse = await clinic.login('nurse');
    commandRoom = await clinic.joinCommandRoom(nurse);
  });

  after(async () => {
    await clinic?.close();
  });

  /** A patient who agreed to texts, and of whom the nurse said in which way she knows who it is. */
  async function knownPatient(): Promise<Chat> {
    const chat = await Chat.open(clinic, nurse, commandRoom, { consented: false });
    await chat.refused('!care consent record paper signed at the desk');
    await chat.refused('!care identity attest showed an identity card at the desk');
    return chat;
  }

  it('G3: after YES the patient is asked for the date of birth, and only the right one lets the nurse text', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom, { name: 'Maria --born 1980-03-02', consented: false });
    await chat.patientTexts('YES');
    await chat.phoneGets('date of birth');
    await chat.botSays('You can write once the right answer has come');
    expect(await chat.refused('Your result is here.')).to.include('was asked for the date of birth');
    await chat.patientSays('3 Mar 1980');
    await chat.botSays('not the date of birth on record (1 of 3 tries)');
    await chat.patientSays('March 2nd, 1980');
    await chat.botSays('gave the right date of birth');
    await chat.nurseSays('Your result is in order.');
    expect(chat.phoneTexts().filter((text) => text.includes('result'))).to.deep.equal(['Your result is in order.']);
  });

  it('G3: after three wrong answers nothing goes there, until the nurse says how she knows who it is', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom, { name: 'Ada --born 1980-03-02', consented: false });
    await chat.patientTexts('YES');
    await chat.phoneGets('date of birth');
    for (const guess of ['1/1/1980', '1/2/1980', '1/3/1980', '3/2/1980']) await chat.patientSays(guess);
    await chat.botSays('3 of 3 tries');
    expect(await chat.refused('Your result is here.')).to.include('a wrong date of birth too often');
    await chat.refused('!care identity attest called back at the number in the chart');
    await chat.nurseSays('Your result is in order.');
  });

  it('G4: the patient’s new number starts without consent, and the old one keeps what it was told', async () => {
    const before = await knownPatient();
    await before.nurseSays('See you on Monday.');
    const after = await Chat.open(clinic, nurse, commandRoom, { consented: false });
    expect(after.room).not.to.equal(before.room);
    expect(await after.refused('See you on Tuesday.')).to.include('has not answered YES yet');
    await before.patientTexts('STOP');
    await before.phoneGets('no more texts');
    await after.refused('!care consent record verbal wants texts at the new number');
    expect(await after.refused('See you on Tuesday.')).to.include('not checked who answers');
    await after.refused('!care identity attest called back at the number in the chart');
    await after.nurseSays('See you on Wednesday.');
    expect(await before.refused('See you on Thursday.')).to.include('opted out');
    expect(after.phoneTexts().filter((text) => text.startsWith('See you'))).to.deep.equal(['See you on Wednesday.']);
  });

  it('G2, F3, H6: a message, its edit and its removal are three records; the export is signed, and audited before', async () => {
    const chat = await knownPatient();
    await chat.patientSays('kumquat from the patient');
    const first = await chat.nurseSays('marzipan at ten');
    await chat.botReplies(await nurse.edit(chat.room, first, 'gazpacho at two'));
    const removal = await nurse.redact(chat.room, first);
    await chat.botSays('removed here only');

    const out = join(clinic.directory, 'export.jsonl');
    const officer = ['--by', '@officer:hospital.test', '--config', clinic.configPath];
    const asked = ['--number', chat.number, '--reason', 'the patient asked for it', '--out', out];
    const { code, output } = await runCarebridge(['archive', 'export', ...asked, ...officer]);
    expect(code, output).to.equal(0);
    const records = (await readFile(out, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(new Set(records.map(({ roomId }) => roomId))).to.deep.equal(new Set([chat.room]));
    const ofMessage = records.filter(
      ({ eventId, relatesTo, by }) => [eventId, relatesTo].includes(first) && by === 'staff',
    );
    expect(ofMessage.map(({ kind, sender, body }) => [kind, sender, body])).to.deep.equal([
      ['message', nurse.userId, 'marzipan at ten'],
      ['edit', nurse.userId, 'gazpacho at two'],
      ['redaction', nurse.userId, undefined],
    ]);
    expect(ofMessage[2]).to.include({ eventId: removal, relatesTo: first });
    for (const { at } of ofMessage) expect(Date.now() - Date.parse(at!)).to.be.within(0, 120_000);
    expect(records.filter(({ by }) => by === 'patient').map(({ body }) => body)).to.deep.equal([
      'kumquat from the patient',
    ]);
    expect(
      (await runCarebridge(['audit', 'verify-export', '--out', out, '--config', clinic.configPath])).code,
    ).to.equal(0);

    const verified = await runCarebridge(['archive', 'verify', ...officer]);
    expect(verified.output).to.include('The archive is whole.');
    const log = join(clinic.directory, 'audit.jsonl');
    await runCarebridge(['audit', 'export', '--out', log, ...officer]);
    const audited = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
      .filter(({ action }) => action?.startsWith('archive.'));
    expect(audited.map(({ action, actor }) => [action, actor])).to.deep.equal(
      ['export', 'exported', 'verify', 'verified'].map((what) => [`archive.${what}`, '@officer:hospital.test']),
    );
    expect(audited[0]).to.include({ target: records[0]!['conversationId'], reason: 'the patient asked for it' });

    const planted = new Planted(['kumquat', 'marzipan', 'gazpacho', chat.number.slice(2)]);
    const kept = (await filesOf(clinic.directory)).filter((path) =>
      /archive\.db|carebridge\.db|bridge\.log/.test(path),
    );
    expect(kept.some((path) => path.includes('archive.db'))).to.equal(true);
    for (const path of kept) expect(planted.in(await readFile(path)), path).to.deep.equal([]);
  });
});
