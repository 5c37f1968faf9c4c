/** The database takes nothing for a while, in the middle of traffic: PostgreSQL is stopped, or the disk under SQLite is full. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { signatureHeaders } from '../../src/sms/loopback/signature.ts';
import type { Nurse } from '../support/nurse.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom } from '../../src/cli/demo/command-room.ts';
import { repliesTo } from '../../src/cli/demo/received-events.ts';
import { Chat, LINE_NUMBER } from './support/chat.ts';
import { DATABASE, restartPostgres } from './support/database.ts';
import { unexpectedWarnings } from './support/shields.ts';
import { startTestClinic } from './support/test-clinic.ts';

const DISK_MB = 24;
/** Each way, before and during. */
const TEXTS = 5;
const UNKNOWN = 'may or may not have reached';
const WHAT = DATABASE === 'postgres' ? 'PostgreSQL that is stopped and started again' : 'a full disk under SQLite';

describe(WHAT, function () {
  this.timeout(60_000);
  let disk: SmallDisk | undefined;
  let clinic: Clinic;
  let nurse: Nurse;
  let admin: Nurse;
  let commandRoom: CommandRoom;
  let chat: Chat;

  before(async function () {
    if (DATABASE === 'sqlite') disk = await mountSmallDisk(this, DISK_MB);
    const on = (name: string) => ({ path: `${disk?.path}/${name}` });
    clinic = await startTestClinic(this, {
      accountControl: true,
      ...(disk && {
        config: {
          database: on('carebridge.db'),
          archive: on('archive.db'),
          encryption: { store: `${disk.path}/crypto` },
        },
      }),
    });
    nurse = await clinic.login('nurse');
    admin = await clinic.login('admin');
    commandRoom = await CommandRoom.join(clinic, admin, nurse);
    chat = await Chat.open(clinic, nurse, commandRoom.roomId);
  });

  after(async () => {
    await clinic?.close();
    await disk?.[Symbol.asyncDispose]();
  });

  it('F1: a destructive command that was typed or confirmed meanwhile is not done afterwards either, but answered', async () => {
    const account = await clinic.synapse.registerUser('lee');
    const token = await clinic.synapse.accessToken(account);
    const question = await commandRoom.says(`!care lock ${account.userId} lost`);
    const command = repliesTo(question) ?? '';
    const typed: string[] = [];
    await outage(async () => {
      typed.push(await admin.send(commandRoom.roomId, `!care lost-device all ${account.userId} lost`));
      typed.push(await admin.send(commandRoom.roomId, `!care role give ${account.userId} administrator`));
      await admin.react(commandRoom.roomId, question.eventId, '✅');
      const isRefused = () => clinic.bridge.output.includes('transaction.not-stored');
      await waitFor('the homeserver to be refused', isRefused, { instead: () => clinic.bridge.lastLines() });
    });
    const notDone = (name: string) =>
      `Not done: \`${name}\` was not carried out because the audit log could not be written. Type it again.`;
    const answers = await Promise.all([
      ...typed.map((event) => commandRoom.answerTo(event)),
      commandRoom.answerTo(command, { after: question.eventId }),
    ]);
    expect(answers.map(bodyOf)).to.deep.equal(['lost-device all', 'role give', 'lock'].map(notDone));
    const whoami = await fetch(`${clinic.synapse.url}/_matrix/client/v3/account/whoami`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(whoami.status, 'the account').to.equal(200);
    expect(await commandRoom.hears(`role list ${account.userId}`)).not.to.include('administrator');
    // Typed again, it is done.
    const { answer } = await commandRoom.confirmed(`lock ${account.userId} lost`);
    expect(bodyOf(answer)).to.include(`${account.userId} is locked.`);
  });

  it('loses none, doubles none and keeps the order; what is not committed is not acknowledged', async () => {
    const { pid } = clinic.bridge;
    const fromPatient: string[] = [];
    const fromNurse: { text: string; eventId: string }[] = [];
    const sending: Promise<void>[] = [];
    /** Both ways; what the nurse wrote is with the homeserver when this resolves. */
    const traffic = async (when: string) => {
      for (let index = 1; index <= TEXTS; index++) {
        fromPatient.push(`patient ${when}, ${index}`);
        sending.push(chat.patientTexts(`patient ${when}, ${index}`));
        const text = `nurse ${when}, ${index}`;
        fromNurse.push({ text, eventId: await nurse.send(chat.room, text) });
      }
    };

    await traffic('before');
    await outage(async () => {
      const refused = clinic.carrier.webhookFailures;
      const [id, text] = [randomUUID(), 'first in vain'];
      expect(await webhookStatus(id, text)).to.be.within(500, 599);
      fromPatient.push(text);
      sending.push(
        clinic.carrier.sendFromPatient({ id, from: chat.number, to: LINE_NUMBER, text }).then(() => undefined),
      );
      await traffic('during');
      await waitFor('the carrier to be refused', () => clinic.carrier.webhookFailures >= refused + 3);
      if (DATABASE === 'postgres') expect(await database()).to.match(/^(503) .*(lost|reached|answer)/);
    });
    await clinic.bridge.waitUntilReady();
    await Promise.all(sending);
    await chat.nurseReads(fromPatient.at(-1) ?? '');
    await chat.phoneGets(fromNurse.at(-1)?.text ?? '', 20_000);
    await chat.patientSays('and on it goes');

    // The question for consent, and its YES, came before.
    expect(chat.fromPatient().slice(1)).to.deep.equal([...fromPatient, 'and on it goes']);
    // A text that was in the carrier's hands when the database went is reported as unknown, and not repeated.
    const reported = fromNurse.filter(({ eventId }) => chat.repliesTo(eventId).length > 0);
    for (const { eventId } of reported) expect(chat.repliesTo(eventId).join()).to.include(UNKNOWN);
    expect(reported.length, 'unknown').to.be.lessThan(2);
    const phone = chat.phoneTexts().slice(1);
    const arrived = fromNurse.filter((each) => !reported.includes(each) || phone.includes(each.text));
    expect(phone).to.deep.equal(arrived.map(({ text }) => text));
    expect(clinic.carrier.doubled()).to.deep.equal([]);
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    expect(clinic.bridge.pid, 'the process').to.equal(pid);
  });

  async function outage(meanwhile: () => Promise<void>): Promise<void> {
    if (disk === undefined) return restartPostgres(meanwhile);
    // Else the write-ahead log may have room of its own from before.
    const database = new DatabaseSync(`${disk.path}/carebridge.db`);
    await waitFor('the write-ahead log to be cut', () => {
      const [cut] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
      return cut?.['busy'] === 0;
    });
    database.close();
    await disk.fill(meanwhile);
  }

  /** Calls as the carrier does, once, and returns the status. */
  async function webhookStatus(id: string, text: string): Promise<number> {
    const { carriers } = JSON.parse(await readFile(clinic.configPath, 'utf8')) as {
      carriers: { loopback: { secret: string } };
    };
    const body = Buffer.from(
      JSON.stringify({ kind: 'message', id, from: chat.number, to: LINE_NUMBER, text, media: [] }),
    );
    const signature = signatureHeaders(carriers.loopback.secret, { target: 'webhook', body });
    const { status } = await fetch(`${clinic.httpUrl}/carriers/loopback/webhook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signature },
      body,
    });
    return status;
  }

  /** The status of `/ready`, and what it says of the database. */
  async function database(): Promise<string> {
    const answer = await fetch(`${clinic.httpUrl}/ready`);
    return `${answer.status} ${((await answer.json()) as { checks: Record<string, string> }).checks['database']}`;
  }
});
