/** Who commands the bridge, and from which room: the whole bridge as a process, staff with real clients (A1, A2, A3, F2). */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import type { ReceivedEvent } from '../../src/cli/demo/received-events.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { BOT } from '../e2e/support/chat.ts';
import { callAs, deleteRoom, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import { memoryStorage } from '../support/fakes/memory-storage.ts';
import { newWorld, TestBridge } from '../support/fakes/test-bridge.ts';
import type { Nurse } from '../support/nurse.ts';
import { sampleLine } from '../unit/commands/runner-fixture.ts';
import { bodyOf, CommandRoom } from './support/command-room.ts';

/** The real list. */
const { commands: COMMANDS } = new TestBridge(await newWorld(memoryStorage()));
const GHOST = '@carebridge_stray:hospital.test';
const LEE = '@lee:hospital.test';

describe('who commands the bridge', function () {
  this.timeout(240_000);
  let clinic: Clinic;
  let admin: Nurse;
  let commands: CommandRoom;
  let room: string;
  /** Command rooms. */
  const seen = new Set<string>();

  before(async function () {
    clinic = await startTestClinic(this, {
      // Nothing is put back by itself: the room stays unsafe until somebody mends it.
      config: { governance: { dry_run: true }, units: [{ id: 'icu', name: 'Intensive care' }] },
      synapse: { extraConfig: { allow_guest_access: true } },
    });
    admin = await clinic.login('admin');
    commands = await CommandRoom.join(clinic, admin);
    room = commands.roomId;
    seen.add(room);
  });

  after(async () => {
    await clinic?.close();
  });

  const asBot = (method: string, rest: string, body?: object) =>
    callAs(clinic, BOT, method, roomPath(room, rest), body);
  const setState = (type: string, content: object) => asBot('PUT', `/state/${type}/`, content);
  const invite = (userId: string) => asBot('POST', '/invite', { user_id: userId });
  const kick = (userId: string) => asBot('POST', '/kick', { user_id: userId });

  const hears = (line: string) => commands.hears(line);

  /** Everything in the audit log. */
  async function audited() {
    await using storage = await openStorage(loadConfig(clinic.configPath, process.env));
    return await storage.auditTrail.rows(0, 10_000);
  }

  it('A1: what is done is in the audit log with the one person who asked, and the event in which they did', async () => {
    const typed = await admin.send(room, `!care role give ${LEE} line-team covers for a week`);
    expect(bodyOf(await commands.answerTo(typed))).to.include(LEE);
    const rows = (await audited()).filter(({ sourceEvent }) => sourceEvent === typed);
    expect(rows.map(({ action }) => action)).to.include.members(['command.role.give', 'role.give']);
    for (const { actor } of rows) expect(actor).to.equal(admin.userId);
  });

  it('A2, F2: somebody invited without a role is refused every command of the list, and the audit log has each', async () => {
    const temp = await clinic.login('temp');
    await invite(temp.userId);
    await temp.waitForInvite((roomId) => roomId === room);
    await temp.join(room);
    await temp.waitForMember(room, BOT);
    const typed = await Promise.all(
      COMMANDS.map(async (command) => [await temp.send(room, `!care ${sampleLine(command)}`), command.name] as const),
    );
    for (const [event, name] of typed) {
      expect(bodyOf(await commands.answerTo(event, {}, temp)), name).to.match(/^Refused: you may not .+ Ask your/);
    }
    const rows = (await audited()).filter(({ actor }) => actor === temp.userId);
    expect(rows.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'refused')).to.deep.equal([]);
    const refused = rows.map(({ action, sourceEvent }) => `${action} ${sourceEvent}`);
    expect(refused).to.have.members(typed.map(([event, name]) => `command.${name.replaceAll(' ', '.')} ${event}`));

    // A3: as long as they are there, nobody else commands either.
    expect(await hears('role list'))
      .to.include('not safe')
      .and.to.include(`${temp.userId} is in it and has no role`);
    await kick(temp.userId);
    expect(await hears('role list')).to.include(LEE);
  });

  it('A1: a guest, and who is of the bridge’s own namespace, command nothing', async () => {
    await setState('m.room.guest_access', { guest_access: 'can_join' });
    const guest = await newGuest();
    await invite(guest.userId);
    await guest.call('POST', roomPath(room, '/join'), {});
    const typed = await guest.call('PUT', roomPath(room, '/send/m.room.message/1'), {
      msgtype: 'm.text',
      body: '!care role list',
    });
    const answer = bodyOf(await commands.answerTo(String(typed['event_id'])));
    expect(answer).to.match(/^Refused: /);
    const rows = (await audited()).filter(({ actor }) => actor === guest.userId);
    expect(rows).to.have.length(1);
    expect(rows[0]).to.include({ outcome: 'refused', sourceEvent: typed['event_id'] });
    await kick(guest.userId);
    await setState('m.room.guest_access', { guest_access: 'forbidden' });

    const registration = { type: 'm.login.application_service', username: GHOST.slice(1).split(':')[0] };
    await callAs(clinic, BOT, 'POST', '/_matrix/client/v3/register', { ...registration, inhibit_login: true });
    await invite(GHOST);
    await callAs(clinic, GHOST, 'POST', roomPath(room, '/join'), {});
    const said = await callAs(clinic, GHOST, 'PUT', roomPath(room, '/send/m.room.message/1'), {
      msgtype: 'm.text',
      body: '!care role list',
    });
    // Events of a room are handled one after the other: by the answer to this one, the ghost's was.
    expect(await hears('role list')).to.include(`${GHOST} is in it and has no role`);
    const toGhost = admin.events.messages(room).filter(({ content }) => {
      return JSON.stringify(content['m.relates_to'] ?? {}).includes(String(said['event_id']));
    });
    expect(toGhost.map(bodyOf)).to.deep.equal([]);
    await kick(GHOST);
    expect(await hears('role list')).to.include(LEE);
  });

  const UNSAFE: readonly (readonly [string, string, object, object, RegExp])[] = [
    ['public', 'm.room.join_rules', { join_rule: 'public' }, { join_rule: 'invite' }, /without an invitation/],
    [
      'open to who knocks',
      'm.room.join_rules',
      { join_rule: 'knock' },
      { join_rule: 'invite' },
      /without an invitation/,
    ],
    [
      ...(['open to guests', 'm.room.guest_access', { guest_access: 'can_join' }] as const),
      ...([{ guest_access: 'forbidden' }, /guests can join/] as const),
    ],
    [
      ...(['readable by everybody', 'm.room.history_visibility', { history_visibility: 'world_readable' }] as const),
      ...([{ history_visibility: 'joined' }, /everybody can read it/] as const),
    ],
    ['not encrypted', 'm.room.encryption', {}, { algorithm: 'm.megolm.v1.aes-sha2' }, /not encrypted/],
  ];
  for (const [what, type, broken, mended, reason] of UNSAFE) {
    it(`A3: when the room is made ${what}, the next command is refused with the reason, until it is mended`, async () => {
      await setState(type, broken);
      expect(await hears('role list'))
        .to.match(/^Refused: /)
        .and.to.match(reason);
      expect(await hears(`role give ${LEE} line-team`)).to.match(/^Refused: /);
      await setState(type, mended);
      expect(await hears('role list')).to.include(LEE);
    });
  }

  it('A3: what nobody can take back is never there: other servers, encryption that ends', async () => {
    const create = await asBot('GET', '/state/m.room.create/');
    expect(create['m.federate']).to.equal(false);
    // A client that saw the room encrypted encrypts, whatever the state says later.
    await setState('m.room.encryption', {});
    const typed = await admin.send(room, '!care help');
    const raw = await callAs(clinic, BOT, 'GET', roomPath(room, `/event/${encodeURIComponent(typed)}`));
    expect(raw['type']).to.equal('m.room.encrypted');
    await setState('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
    expect(await hears('role list')).to.include(LEE);
  });

  /** A room of somebody's, into which the bot is invited. */
  const elsewhere = async () => (await admin.client.createRoom({ invite: [BOT] })).room_id;
  const pointTo = async (replacement: Promise<string>) =>
    setState('m.room.tombstone', { body: 'moved', replacement_room: await replacement });

  for (const [what, lose] of [
    ['the bot is put out of', () => asBot('POST', '/leave', {})],
    ['the homeserver’s administrator deletes', () => deleteRoom(clinic, room)],
    ['is closed, and points to a room that is not its successor', () => pointTo(elsewhere())],
  ] as const) {
    it(`A3: a command room that ${what} is made anew while the bridge runs; that is told in the new one, once`, async () => {
      const lost = room;
      await lose();
      room = await admin.waitForInvite((roomId) => !seen.has(roomId), commands.instead());
      seen.add(room);
      commands = commands.at(room);
      await admin.join(room);
      const isTold = ({ sender, content }: ReceivedEvent) =>
        sender === BOT && String(content['body']).startsWith(`The command room ${lost} is lost: `);
      await admin.waitForMessage(room, isTold, commands.instead());
      expect(await hears('role list')).to.include(admin.userId);
      expect(admin.events.messages(room).filter(isTold)).to.have.length(1);
    });
  }

  async function newGuest() {
    const { url } = clinic.synapse;
    const call = async (method: string, path: string, body: object, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
      const result = (await answer.json()) as Record<string, unknown>;
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(result)}`);
      return result;
    };
    const made = await call('POST', '/_matrix/client/v3/register?kind=guest', {});
    return {
      userId: String(made['user_id']),
      call: (method: string, path: string, body: object) => call(method, path, body, String(made['access_token'])),
    };
  }
});
