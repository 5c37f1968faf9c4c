/** A planted name, number, text and picture appear nowhere but in the encrypted events and on the phone (E3, E4). */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { Chat, isReplyOfBotTo } from './support/chat.ts';
import { DATABASE, query, rowCounts, tables } from './support/database.ts';
import { filesOf, Planted } from './support/planted.ts';
import { callAsAdmin, startTestClinic } from './support/test-clinic.ts';

const NAME = ['Zebediah', 'Quuxfield'];
const NUMBER = '+12125550187';
const NUMBER_FORMS = [NUMBER, '2125550187', '5550187', '555-0187', '555 0187'];
const TEXTS = [
  'xylophone-to-patient',
  'marzipan-from-patient',
  'gazpacho-refused',
  'kumquat-evidence',
  'ocelot-picture',
  'pretzel-mistyped',
  'quokka-reason',
  'tapioca-parked',
];
/** What comes in too large for any room, so that it is parked. */
const TOO_LARGE = 'tapioca-parked '.repeat(5_000);
/** Tables that must have been written to, or their scan would prove nothing. */
const WRITTEN = [
  ...['inbox', 'outbox', 'notices', 'matrix_events', 'conversations', 'contacts', 'addresses', 'consents', 'media'],
  ...['audit_log', 'confirmations', 'governed_rooms', 'emergency_access', 'settings', 'phi_keys', 'policy_versions'],
];

describe('planted PHI', function () {
  this.timeout(120_000);
  const planted = new Planted([...NAME, ...NUMBER_FORMS, ...TEXTS]);
  let clinic: Clinic;
  let nurse: Nurse;
  let admin: Nurse;
  let commandRoom: string;
  let chat: Chat;
  let stateEvents: { type: string; content: Record<string, unknown> }[];

  before(async function () {
    clinic = await startTestClinic(this, {
      config: { log: { level: 'debug' }, queue: { max_attempts: 1 } },
    });
    nurse = await clinic.login('nurse');
    admin = await clinic.login('admin');
    await clinic.joinCommandRoom(admin);
    commandRoom = await clinic.joinCommandRoom(nurse);
    chat = await Chat.open(clinic, nurse, commandRoom, { name: NAME.join(' '), number: NUMBER });
    await chat.nurseSays('xylophone-to-patient');
    await chat.patientSays('marzipan-from-patient');
    await chat.patientTexts('', [{ contentType: 'image/png', bytes: Buffer.from('ocelot-picture'.repeat(50)) }]);
    await nurse.waitForMessage(chat.room, ({ content }) => content['msgtype'] === 'm.image');
    await nurse.sendImage(chat.room, Buffer.from('ocelot-picture'.repeat(50)), `${NAME[1]}.png`);
    await clinic.carrier.waitForText(NUMBER, ({ pictures }) => pictures.length > 0);
    clinic.carrier.setMode('refuse');
    await chat.refused('gazpacho-refused');
    clinic.carrier.setMode('drop');
    await chat.refused('gazpacho-refused in a broken connection');
    clinic.carrier.setMode('down');
    expect(await chat.refused('tapioca-parked at the carrier')).to.include('did not take it in all attempts');
    clinic.carrier.setMode('normal');
    await chat.patientTexts(TOO_LARGE);
    await admin.waitForMessage(commandRoom, ({ content }) => String(content['body']).includes('could not be put into'));
    await commands();
    await chat.refused(`!care consent ${NUMBER} record verbal kumquat-evidence`);
    await chat.refused(`!pretzel-mistyped ${NUMBER}`);
    await chat.refused(`!care pretzel-mistyped ${NAME[0]}`);
    await chat.refused('!care who');
    await clinic.carrier.sendFromPatient({ from: NUMBER, to: '+12125550199', text: 'marzipan-from-patient' });
    await chat.patientTexts('STOP');
    await chat.phoneGets('no more texts');
    await chat.refused('gazpacho-refused after STOP');
    await chat.refused(`!care consent revoke ${NAME.join(' ')} quokka-reason`);
    stateEvents = await allStateEvents(clinic);
  });

  /** Commands with the patient in them, done and refused; each is answered. */
  async function commands(): Promise<void> {
    const who = NAME.join(' ');
    for (const [author, words] of [
      [nurse, `text ${NUMBER} ${who} quokka-reason`],
      [nurse, `text ${NUMBER} ${who} --line nowhere`],
      [nurse, `text 555-0187 ${who}`],
      [nurse, `consent ${NUMBER} show`],
      [nurse, `consent ${NUMBER} record sworn quokka-reason`],
      [nurse, `lost-device @nobody:hospital.test ${who}`],
      [nurse, `whois ${NUMBER}`],
      [nurse, `${NUMBER} ${who}`],
      [nurse, `help ${who}`],
      [admin, `room create Room for ${NUMBER}`],
      [admin, `break-glass ${chat.room} ${who} collapsed, quokka-reason --for 1m`],
      [admin, `break-glass list`],
      [admin, `phi set sensitive ${chat.room}`],
      [admin, `phi set ${NUMBER}`],
      [admin, `role give ${who} line-team quokka-reason`],
      [admin, `role take @nurse:hospital.test administrator quokka-reason ${NUMBER}`],
      [admin, `lock @nobody:hospital.test ${who} quokka-reason`],
      [admin, `room list ${NUMBER}`],
      [admin, `confirm ${NUMBER}`],
      [admin, `parked`],
      [admin, `parked retry ${NUMBER}`],
      [admin, `parked drop k3h2a7b4 ${who} quokka-reason`],
      [admin, `policy check --ticket ${NUMBER}`],
    ] as const) {
      const said = await author.send(commandRoom, `!care ${words}`);
      await author.waitForMessage(commandRoom, isReplyOfBotTo(said), {
        instead: () => `${words}\n${author.describe(commandRoom)}\n${clinic.bridge.lastLines()}`,
      });
    }
  }

  after(async () => {
    await clinic?.close();
  });

  it('can be found where it is: the search works', () => {
    expect(planted.in(`Contact: ${NAME[0]} <${NUMBER}>`)).to.have.length.greaterThan(2);
    for (const shift of ['', 'a', 'ab']) {
      expect(planted.in(Buffer.from(`${shift}ocelot-picture and more`).toString('base64'))).to.have.length(1);
    }
  });

  it('is in no log line of the bridge at level debug (E4)', async () => {
    const log = await readFile(join(clinic.directory, 'bridge.log'), 'utf8');
    expect(log).to.include('"level":"debug"').and.to.include('conversation.opened');
    expect(planted.in(log)).to.deep.equal([]);
  });

  it('is not in the metrics (E4)', async () => {
    const text = await (await fetch(`${clinic.httpUrl}/metrics`)).text();
    expect(text).to.include('carebridge_queue_waiting');
    expect(planted.in(text)).to.deep.equal([]);
  });

  it('is in no state event: names, topics, aliases, memberships (E4)', () => {
    const types = new Set(stateEvents.map(({ type }) => type));
    for (const type of ['m.room.name', 'm.room.topic', 'm.room.member', 'm.room.canonical_alias']) {
      expect(types).to.include(type);
    }
    expect(stateEvents.filter((event) => planted.in(JSON.stringify(event)).length > 0)).to.deep.equal([]);
  });

  it('is in no user id and no profile of a ghost (E4)', async () => {
    const answer = await fetch(`${clinic.synapse.url}/_matrix/client/v3/profile/${encodeURIComponent(chat.ghost)}`);
    const profile = await answer.text();
    expect(profile).to.include('Patient');
    expect(planted.in(`${chat.ghost} ${profile}`)).to.deep.equal([]);
  });

  it('is nowhere in the homeserver’s database and media (E1, E2)', async () => {
    const folder = clinic.synapse.configDir;
    expect((await filesOf(folder)).some((path) => path.includes('media'))).to.equal(true);
    expect((await readFile(join(folder, 'homeserver.db'))).includes(chat.ghost)).to.equal(true);
    expect(await planted.inFolder(folder)).to.deep.equal([]);
  });

  it('is nowhere in the bridge’s database and crypto store (E3)', async () => {
    if (DATABASE === 'postgres') await scanTables();
    await scanFiles();
    await clinic.bridge.stop();
    await scanFiles();
    await clinic.bridge.start();
  });

  it('was where these tables could have leaked it', async () => {
    const counts = await rowCounts(clinic);
    expect(WRITTEN.filter((table) => !(Number(counts[table]) > 0))).to.deep.equal([]);
  });

  async function scanTables(): Promise<void> {
    const all: string[] = [];
    for (const table of await tables(clinic)) all.push(...(await query(clinic, `SELECT t::text FROM "${table}" t`)));
    const text = all.join('\n');
    expect(text).to.include(chat.ghost);
    expect(planted.in(text)).to.deep.equal([]);
  }

  async function scanFiles(): Promise<void> {
    const ours = (path: string): boolean => !path.startsWith(clinic.synapse.configDir);
    const files = (await filesOf(clinic.directory)).filter(ours).map((path) => basename(path));
    expect(files.length).to.be.greaterThan(2);
    if (DATABASE === 'sqlite') expect(files).to.include('carebridge.db');
    expect(await planted.inFolder(clinic.directory, ours)).to.deep.equal([]);
  }
});

/** What an administrator of the homeserver sees of all rooms. */
async function allStateEvents(clinic: Clinic): Promise<{ type: string; content: Record<string, unknown> }[]> {
  const get = (path: string): Promise<unknown> => callAsAdmin(clinic, 'GET', path);
  const { rooms } = (await get('/_synapse/admin/v1/rooms?limit=1000')) as { rooms: { room_id: string }[] };
  const states = await Promise.all(
    rooms.map(({ room_id: roomId }) => get(`/_synapse/admin/v1/rooms/${encodeURIComponent(roomId)}/state`)),
  );
  return states.flatMap((each) => (each as { state: { type: string; content: Record<string, unknown> }[] }).state);
}
