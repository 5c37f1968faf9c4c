/**
 * Somebody leaves, by a command in the real command room: the whole bridge as a process that is killed in the middle, a real Synapse, real clients (A7, A8, A9).
 * Every point between two sub-steps is tried in test/integration/services/offboard.test.ts; here those at which the homeserver was asked.
 */
import { expect } from 'chai';
import { repliesTo } from '../../src/cli/demo/received-events.ts';
import { BOT, Chat } from '../e2e/support/chat.ts';
import { query } from '../e2e/support/database.ts';
import type { HomeserverProxy } from '../e2e/support/homeserver-proxy.ts';
import { startProxiedClinic, type ProxiedClinic } from '../e2e/support/proxied-clinic.ts';
import { runCarebridge } from '../e2e/support/run-carebridge.ts';
import { callAs, roomPath } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom, dataOf } from './support/command-room.ts';

const PROTECTED = '@monitor:hospital.test';
const STEPS = ['lock', 'sessions', 'lines', 'roles', 'emergencies', 'rooms', 'keys', 'last-look'];

describe('somebody leaves', function () {
  this.timeout(180_000);
  let proxy: HomeserverProxy;
  let clinic: ProxiedClinic;
  let commandRoom: CommandRoom;
  let admin: Nurse;
  let second: Nurse;
  let nurse: Nurse;
  /** The token of an administrator of the homeserver. */
  let operator: string;

  before(async function () {
    clinic = await startProxiedClinic(this, {
      accountControl: true,
      admins: ['admin', 'second'],
      lines: { 'front-desk': { number: '+12125550100', team: ['nurse', 'leaver', 'gone'] } },
      config: {
        accounts: { protected: [PROTECTED] },
        units: [{ id: 'icu', name: 'Intensive care' }],
        roles: [{ id: 'icu-nurse', permissions: ['use-commands'], classes: ['none', 'phi'], units: ['icu'] }],
      },
    });
    ({ proxy } = clinic);
    operator = await clinic.synapse.accessToken(await clinic.synapse.registerUser('auditor', { admin: true }));
    await clinic.bridge.start();
    [admin, second, nurse] = [await clinic.login('admin'), await clinic.login('second'), await clinic.login('nurse')];
    commandRoom = await CommandRoom.join(clinic, admin, second, nurse);
  });

  after(async () => {
    await clinic?.close();
  });

  interface Leaver {
    readonly userId: string;
    readonly tokens: readonly string[];
    readonly rooms: readonly string[];
  }

  /** With two devices, in the command room, a unit's space, its care team and a patient's room. */
  async function worksHere(name: string, space: string, ward: string): Promise<Leaver> {
    const leaver = await clinic.login(name);
    const phone = clinic.add(await leaver.secondDevice());
    await clinic.joinCommandRoom(leaver);
    expect(await commandRoom.hears(`role give ${leaver.userId} icu-nurse`)).to.include('has the role icu-nurse');
    await admin.client.invite(ward, leaver.userId);
    const { room } = await Chat.open(clinic, nurse, commandRoom.roomId, { consented: false });
    for (const invited of [space, ward, room]) {
      await leaver.waitForInvite((roomId) => roomId === invited, commandRoom.instead());
      await leaver.join(invited);
    }
    const tokens = [leaver, phone].map(({ client }) => client.getAccessToken() ?? '');
    for (const client of [leaver, phone]) client.stop();
    return { userId: leaver.userId, tokens, rooms: [commandRoom.roomId, space, ward, room] };
  }

  async function statusOf(token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${clinic.synapse.url}/_matrix/client/v3/account/whoami`, { headers })).status;
  }

  const membershipOf = async (room: string, user: string) =>
    (await callAs(clinic, BOT, 'GET', roomPath(room, `/state/m.room.member/${user}`)))['membership'];

  async function expectGone({ userId, tokens, rooms }: Leaver): Promise<void> {
    for (const token of tokens) expect(await statusOf(token)).to.equal(401);
    for (const room of rooms) expect(await membershipOf(room, userId), room).to.equal('leave');
    const governed = await query(clinic, 'SELECT room_id FROM governed_rooms WHERE until IS NULL');
    for (const room of governed) {
      const { joined } = await callAs(clinic, BOT, 'GET', roomPath(room, '/joined_members'));
      expect(joined, room).not.to.have.property(userId);
    }
    expect(await rolesOf(userId)).to.deep.equal([]);
  }

  /** By the role table: now, or at an earlier time (Unix ms). */
  async function rolesOf(user: string, at?: number): Promise<string[]> {
    const then = at === undefined ? '' : ` --at ${new Date(at).toISOString()}`;
    const { roles } = dataOf<{ roles: { roleId: string }[] }>(await commandRoom.says(`!care role list ${user}${then}`));
    return roles.map(({ roleId }) => roleId);
  }

  /** The steps of somebody's offboarding in the audit log, oldest first. */
  const stepsOf = async (user: string) =>
    (
      await query(
        clinic,
        `SELECT id FROM audit_log WHERE action = 'account.offboard' AND target = '${user}' ORDER BY seq`,
      )
    ).map((id) => id.split(':').at(-1));

  const reportsOf = (user: string) =>
    admin.events
      .messages(commandRoom.roomId)
      .filter((event) => event.sender === BOT && bodyOf(event).startsWith(`${user} is offboarded`));

  const report = (user: string) =>
    admin.waitForMessage(
      commandRoom.roomId,
      (event) => event.sender === BOT && bodyOf(event).startsWith(`${user} is offboarded`),
      { timeoutMs: 60_000, ...commandRoom.instead() },
    );

  let space: string;
  let ward: string;

  it('A7: sessions, lock, lines, roles, rooms and spaces: every old token answers 401, and each sub-step is reported', async () => {
    space = dataOf<{ room: string }>(await commandRoom.says('!care unit create icu')).room;
    ward = dataOf<{ room: string }>(await commandRoom.says('!care room create Ward team --unit icu')).room;
    await admin.join(ward);
    const leaver = await worksHere('leaver', space, ward);

    const working = Date.now();
    const line = `offboard ${leaver.userId} left the hospital --successor ${second.userId} --ticket HR-7`;
    const { preview, answer } = await commandRoom.confirmed(line);
    expect(preview)
      .to.match(/^Offboards @leaver:hospital\.test[^,]*, \d devices?: locked/)
      .and.include('out of 4 rooms and spaces')
      .and.include(`front-desk, to ${second.userId}`);
    expect(bodyOf(answer)).to.include('has begun');
    const told = bodyOf(await report(leaver.userId));
    expect(told).to.match(/ is offboarded\.$/m);
    for (const step of STEPS) expect(told).to.include(`✓ ${step}: `);
    expect(told).to.include(`front-desk handed over to ${second.userId}`);
    await expectGone(leaver);
    // At once, not at the next start; and what was is not forgotten.
    expect(told).to.include('✓ roles: line-team, icu-nurse');
    expect(await rolesOf(leaver.userId, working)).to.have.members(['icu-nurse', 'line-team']);
    expect(await rolesOf(second.userId)).to.have.members(['administrator', 'line-team']);

    // The line is the successor's: they are asked into the next patient's room, and whoever left is not.
    const next = await Chat.open(clinic, nurse, commandRoom.roomId, { consented: false });
    await second.waitForInvite((roomId) => roomId === next.room, commandRoom.instead(second));
    expect(await membershipOf(next.room, leaver.userId).catch(() => 'none')).to.equal('none');
  });

  it('A7: killed whenever the homeserver had done something and the answer was not heard, it goes on, and reports once', async () => {
    const leaver = await worksHere('gone', space, ward);
    const account = `/_synapse/admin/v2/users/${encodeURIComponent(leaver.userId)}`;
    const points: readonly (readonly [string, (url: string, method: string) => boolean])[] = [
      ['the lock', (url, method) => method === 'PUT' && url.startsWith(account)],
      ['the end of the sessions', (url) => url.startsWith(`${account}/delete_devices`)],
      ['the removal from a room', (url) => url.includes('/kick')],
      ['the words about it', (url) => url.includes('/send/m.room.encrypted/')],
    ];
    const prompt = await commandRoom.says(`!care offboard ${leaver.userId} left the hospital`);
    for (const [index, [what, matches]] of points.entries()) {
      proxy.hold(matches);
      if (index === 0) await admin.react(commandRoom.roomId, prompt.eventId, '✅');
      else await clinic.bridge.spawn();
      await waitFor(`${what} to be held`, () => proxy.held.length > 0, { timeoutMs: 60_000, ...commandRoom.instead() });
      await clinic.bridge.kill9();
      proxy.release();
    }
    await clinic.bridge.start();
    await report(leaver.userId);
    await expectGone(leaver);
    expect(await stepsOf(leaver.userId)).to.deep.equal(['begun', ...STEPS, 'ended']);
    // Answers come in order: what was to be said twice would have been said by now.
    await commandRoom.hears('help');
    expect(reportsOf(leaver.userId)).to.have.length(1);
  });

  it('A8: access review is the live state, as an encrypted file', async () => {
    const before = await liveState();
    const typed = await admin.send(commandRoom.roomId, '!care access review');
    const file = await admin.waitForMessage(
      commandRoom.roomId,
      ({ content }) => content['msgtype'] === 'm.file' && JSON.stringify(content['m.relates_to']).includes(typed),
      commandRoom.instead(),
    );
    expect(file.content['file']).to.have.property('key');
    const [head, ...rows] = cellsOf(new TextDecoder().decode(await admin.download(file)));
    const after = await liveState();
    expect(head).to.deep.equal(['user', 'roles', 'rooms', 'invitations', 'devices', 'last_seen']);
    expect(rows.map(([user]) => user)).to.deep.equal([...before.keys()].toSorted());
    for (const [user = '', roles = '', rooms = '', invitations = '', devices = '', lastSeen = ''] of rows) {
      const [live, later] = [before.get(user)!, after.get(user)!];
      expect(
        wordsOf(roles).map((role) => role.split(' ')[0]),
        user,
      ).to.deep.equal(live.roles);
      expect(wordsOf(rooms), user).to.deep.equal(live.rooms);
      expect(wordsOf(invitations), user).to.deep.equal(live.invitations);
      expect(
        wordsOf(devices).map((device) => device.split(' ')[0]),
        user,
      ).to.deep.equal(live.devices);
      if (lastSeen !== '') expect(Date.parse(lastSeen), user).to.be.within(live.lastSeen, later.lastSeen);
    }
  });

  it('A9: refuses the bot, ghosts, the sender, protected accounts, other servers and oneself, with every command', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom.roomId, { consented: false });
    await clinic.synapse.registerUser('monitor');
    const targets: readonly (readonly [string, RegExp])[] = [
      [BOT, /belongs to the bridge itself/],
      [chat.ghost, /belongs to the bridge itself/],
      ['@_carebridge:hospital.test', /belongs to the bridge itself/],
      [PROTECTED, /is protected by the configuration/],
      ['@lee:evil.test', /not on this homeserver/],
      [admin.userId, /You cannot do this to your own account/],
    ];
    for (const [target, words] of targets) {
      for (const command of ['lock', 'suspend', 'offboard']) {
        expect(await commandRoom.hears(`${command} ${target} because`), `${command} ${target}`).to.match(words);
      }
    }
    expect(await commandRoom.hears(`lost-device all ${PROTECTED}`)).to.match(/is protected by the configuration/);
    expect(await commandRoom.hears(`offboard ${second.userId} because`, nurse)).to.match(/^Refused: you may not/);
    expect(await query(clinic, "SELECT user_id FROM account_states WHERE absence <> 'gone'")).to.deep.equal([]);
  });

  it('A9: touches an administrator of the homeserver only where a second person says yes', async () => {
    const token = await clinic.synapse.accessToken(await clinic.synapse.registerUser('chief', { admin: true }));
    const ask = () => commandRoom.says('!care lost-device all @chief:hospital.test');
    const alone = await ask();
    expect(bodyOf(alone)).to.include('somebody other than you must confirm');
    expect(bodyOf(await commandRoom.decide(alone, '✅'))).to.include('a second person must agree');
    expect(await statusOf(token)).to.equal(200);
    const question = await ask();
    const [code] = /confirm [a-z2-7]{8}/.exec(bodyOf(question)) ?? [];
    await second.send(commandRoom.roomId, `!care ${code}`);
    const together = await commandRoom.answerTo(repliesTo(question) ?? '', { after: question.eventId });
    expect(bodyOf(together)).to.include('is signed out everywhere');
    expect(await statusOf(token)).to.equal(401);
  });

  it('A7: what cannot be done shows as partial; whoever the configuration still names is not asked back in', async () => {
    await commandRoom.confirmed(`offboard ${second.userId} left the hospital`);
    const told = bodyOf(await report(second.userId));
    expect(told).to.match(/ is offboarded in part\. Look at: roles\.$/m);
    expect(told)
      .to.match(/^✗ roles: .*administrator \(configuration\)/m)
      .and.to.include('✓ sessions: ');
    expect(await statusOf(second.client.getAccessToken() ?? '')).to.equal(401);
    second.stop();
    // The file still names them, and they have nothing by it.
    expect(await rolesOf(second.userId)).to.deep.equal([]);
    await waitFor('no power to be left', async () => {
      const { users } = await callAs(clinic, BOT, 'GET', roomPath(commandRoom.roomId, '/state/m.room.power_levels/'));
      return !Object.hasOwn(users as object, second.userId);
    });
    // Somebody new is asked in: by then all rooms were looked at with the roles as they are.
    const newcomer = await clinic.login('newcomer');
    await commandRoom.says(`!care role give ${newcomer.userId} icu-nurse`);
    for (const room of [commandRoom.roomId, space])
      await newcomer.waitForInvite((roomId) => roomId === room, commandRoom.instead(newcomer));
    expect(await membershipOf(commandRoom.roomId, second.userId)).to.equal('leave');
    for (const room of await query(clinic, 'SELECT room_id FROM governed_rooms WHERE until IS NULL'))
      expect(await membershipOf(room, second.userId).catch(() => 'none'), room).to.be.oneOf(['leave', 'none']);
    expect(await commandRoom.hears(`unlock ${second.userId}`)).to.include(
      'was offboarded: `reactivate` takes them back',
    );
    expect(await commandRoom.hears(`role give ${second.userId} icu-nurse`)).to.include('was offboarded: no role');
  });

  it('A9: the last who can manage accounts stays, also where whoever may log in on the host says otherwise', async () => {
    for (const command of ['lock', 'suspend', 'offboard'])
      expect(await commandRoom.hears(`${command} ${admin.userId} because`)).to.match(
        /^Refused: You cannot do this to your/,
      );
    const by = ['--by', '@it:hospital.test', '--reason', 'by mistake', '--config', clinic.configPath];
    const { code, output } = await runCarebridge(['admin', 'lock', admin.userId, ...by], 60_000);
    expect(code, output).to.equal(1);
    expect(output).to.include(`${admin.userId} is the last one who can manage accounts`);
    expect(await statusOf(admin.client.getAccessToken() ?? '')).to.equal(200);
  });

  interface Live {
    readonly roles: string[];
    readonly rooms: string[];
    readonly invitations: string[];
    readonly devices: string[];
    /** Unix ms. */
    readonly lastSeen: number;
  }

  /** Who has which roles by the bridge's database, and who is where with what by the homeserver. */
  async function liveState(): Promise<Map<string, Live>> {
    const live = new Map<string, Live>();
    const of = (user: string): Live => {
      const known = live.get(user) ?? { roles: [], rooms: [], invitations: [], devices: [], lastSeen: 0 };
      live.set(user, known);
      return known;
    };
    const { roles } = dataOf<{ roles: { userId: string; roleId: string }[] }>(
      await commandRoom.says('!care role list'),
    );
    for (const { userId, roleId } of roles) of(userId).roles.push(roleId);
    const governed = await query(
      clinic,
      "SELECT room_id || '|' || kind || '|' || opaque_id || '|' || phi_class FROM governed_rooms WHERE until IS NULL",
    );
    for (const line of governed) {
      const [room = '', kind = '', opaqueId = '', phiClass = ''] = line.split('|');
      const { name } = await callAs(clinic, BOT, 'GET', roomPath(room, '/state/m.room.name/'));
      const words = `${kind} ${kind === 'conversation' ? opaqueId : String(name)} (${phiClass})`;
      const { chunk } = await callAs(clinic, BOT, 'GET', roomPath(room, '/members'));
      for (const { state_key: user, content } of chunk as { state_key: string; content: { membership: string } }[]) {
        if (user.startsWith('@carebridge')) continue;
        if (content.membership === 'join') of(user).rooms.push(words);
        if (content.membership === 'invite') of(user).invitations.push(words);
      }
    }
    const headers = { authorization: `Bearer ${operator}` };
    for (const [user, access] of live) {
      const url = `${clinic.synapse.url}/_synapse/admin/v2/users/${encodeURIComponent(user)}/devices`;
      const { devices } = (await (await fetch(url, { headers })).json()) as {
        devices: { device_id: string; last_seen_ts: number | null }[];
      };
      live.set(user, {
        roles: access.roles.toSorted(),
        rooms: access.rooms.toSorted(),
        invitations: access.invitations.toSorted(),
        devices: devices.map(({ device_id: id }) => id).toSorted(),
        lastSeen: Math.max(0, ...devices.map(({ last_seen_ts: at }) => at ?? 0)),
      });
    }
    return live;
  }
});

/** The lines and cells of a CSV file (RFC 4180). */
function cellsOf(csv: string): string[][] {
  const cells = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g;
  return csv
    .trimEnd()
    .split('\r\n')
    .map((line) =>
      [...`${line},`.matchAll(cells)]
        .slice(0, -1)
        .map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ''),
    );
}

/** A cell with several things in it. */
function wordsOf(cell: string): string[] {
  return cell === '' ? [] : cell.split('; ');
}
