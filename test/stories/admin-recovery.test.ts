/** Nobody can administer any more, and whoever may log in on the host helps with `carebridge admin`: real processes, a real Synapse, real clients. */
import { expect } from 'chai';
import { query } from '../e2e/support/database.ts';
import type { HomeserverProxy } from '../e2e/support/homeserver-proxy.ts';
import { runCarebridge } from '../e2e/support/run-carebridge.ts';
import { startProxiedClinic, type ProxiedClinic } from '../e2e/support/proxied-clinic.ts';
import { callAsAdmin } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom } from './support/command-room.ts';

const PAT = '@pat:hospital.test';
const NURSE = '@nurse:hospital.test';
const BY = ['--by', '@it:hospital.test', '--reason', 'the last administrator cannot get in'];

describe('an administrator who is locked out', function () {
  this.timeout(240_000);
  let clinic: ProxiedClinic;
  let proxy: HomeserverProxy;
  let pat: Nurse;
  let nurse: Nurse;
  let room: CommandRoom;

  before(async function () {
    // The one administrator of the configuration has left; nobody else holds a role for it.
    clinic = await startProxiedClinic(this, { admins: ['gone'], accountControl: true });
    ({ proxy } = clinic);
    await onServer('POST', '/_synapse/admin/v1/deactivate/@gone:hospital.test', { erase: false });
    await clinic.bridge.start();
    [pat, nurse] = await Promise.all([clinic.login('pat'), clinic.login('nurse')]);
    await clinic.joinCommandRoom(nurse);
  });

  after(async () => {
    await clinic?.close();
  });

  /** `carebridge admin`, as the operator runs it. */
  const admin = (...args: string[]) => runCarebridge(['admin', ...args, '--config', clinic.configPath], 60_000);
  const act = (...args: string[]) => admin(...args, ...BY);

  const onServer = (method: string, path: string, body: object = {}) => callAsAdmin(clinic, method, path, body);

  /** What the homeserver answers to somebody's own client. */
  async function whoami(who: Nurse): Promise<string> {
    const headers = { authorization: `Bearer ${who.client.getAccessToken()}` };
    const answer = await fetch(`${clinic.synapse.url}/_matrix/client/v3/account/whoami`, { headers });
    return `${answer.status} ${((await answer.json()) as { errcode?: string }).errcode ?? ''}`.trim();
  }

  it('B2 F1: locked and without a role, she works again with two lines on the host, and every step is in the log', async () => {
    await onServer('PUT', `/_synapse/admin/v2/users/${PAT}`, { locked: true });
    expect(await whoami(pat)).to.equal('401 M_USER_LOCKED');
    const before = await admin('who');
    expect(before.code).to.equal(1);
    expect(before.output)
      .to.include('cannot @gone:hospital.test  account deactivated')
      .and.to.include('Nobody can administer now');

    const unlocked = await act('unlock', PAT);
    expect(unlocked.code, unlocked.output).to.equal(0);
    expect(unlocked.output).to.include(`${PAT} is unlocked.`).and.to.include(`give-role ${PAT} administrator`);
    expect(await whoami(pat)).to.equal('200');

    const given = await act('give-role', PAT, 'administrator');
    expect(given.code, given.output).to.equal(0);
    // The running bridge saw it and asked her in.
    room = await CommandRoom.join(clinic, pat);
    expect(await room.hears(`whois ${NURSE}`)).to.include('Roles: line-team');
    for (const what of ['unlock', 'give-role']) {
      const told = `ON THE HOST: \`carebridge admin ${what}\` for ${PAT}, by @it:hospital.test`;
      await nurse.waitForMessage(room.roomId, (event) => bodyOf(event).startsWith(told), room.instead(nurse));
    }

    expect((await admin('who')).output).to.match(
      new RegExp(`^can {4}${PAT} {2}account active; command room: join`, 'm'),
    );
    const entries = await query(
      clinic,
      "SELECT action || ' ' || outcome FROM audit_log WHERE actor = '@it:hospital.test' ORDER BY seq",
    );
    expect(entries).to.deep.equal([
      ...['admin.unlock done', 'account.unlock done', 'account.unlock done', 'admin.unlock done'],
      ...['admin.give-role done', 'role.give done', 'admin.give-role done'],
    ]);
    expect(await runCarebridge(['audit', 'verify', '--config', clinic.configPath])).to.deep.include({ code: 0 });
  });

  it('B2: who left the command room is asked back in', async () => {
    await pat.client.leave(room.roomId);
    expect((await admin('who')).output).to.include('command room: leave');
    const invited = await act('invite', PAT);
    expect(invited.code, invited.output).to.equal(0);
    expect(invited.output).to.include(`${PAT} is invited to the command room`);
    await clinic.joinCommandRoom(pat);
    expect(await room.hears('help')).to.include('!care');
  });

  it('D1 D2 D7: a device and an account are ended on the host beside a running bridge, which follows, and still does after a restart', async () => {
    const lost = await nurse.secondDevice();
    clinic.add(lost);
    const ended = await act('lost-device', NURSE, lost.deviceId);
    expect(ended.code, ended.output).to.equal(0);
    expect(await whoami(lost)).to.equal('401 M_UNKNOWN_TOKEN');
    expect(await whoami(nurse)).to.equal('200');
    const from = proxy.seen.length;
    expect(await room.hears(`whois ${NURSE}`)).to.include('Lines: front-desk');
    expect(proxy.keysSentTo(from)).not.to.include(`${NURSE} ${lost.deviceId}`);

    expect(await act('lock', NURSE)).to.include({ code: 0 });
    expect(await whoami(nurse)).to.equal('401 M_USER_LOCKED');
    await clinic.bridge.restart();
    expect(await room.hears(`whois ${NURSE}`))
      .to.include('Lines: none')
      .and.to.include('locked');
    expect(await act('unlock', NURSE)).to.include({ code: 0 });
  });

  it('A3: the command room was deleted while the bridge was down: the next start makes another and asks her in', async () => {
    await clinic.bridge.stop();
    await onServer('DELETE', `/_synapse/admin/v1/rooms/${encodeURIComponent(room.roomId)}`, { purge: true });
    expect((await admin('who')).output).to.include('Carebridge makes another within a minute, while it runs');
    await clinic.bridge.start();
    const isOther = (roomId: string): boolean => roomId !== room.roomId;
    const other = await pat.waitForInvite(isOther, room.instead());
    await pat.join(other);
    const answer = await room.answerTo(await pat.send(other, '!care help'), {}, pat, other);
    expect(bodyOf(answer)).to.include('!care');
    room = room.at(other);
  });

  it('B2: what cannot be done is said, in time, on the host and in the room; nothing is pretended', async () => {
    // The homeserver takes connections and does not answer.
    proxy.hold((url) => url.includes('/_synapse/') || url.includes('auth_metadata') || url.includes('/versions'));
    const acting = Promise.all([act('lock', NURSE), act('lost-device', NURSE, 'all'), act('invite', PAT)]);
    await waitFor('each to wait for the homeserver', () => proxy.held.length >= 3, { timeoutMs: 60_000 });
    const began = performance.now();
    const hanging = await acting;
    expect(performance.now() - began).to.be.lessThan(30_000);
    proxy.release();
    for (const { code, output } of hanging) {
      expect(code, output).to.equal(1);
      expect(output).to.include('(timeout)').and.to.include('Nothing was done');
    }
    expect(await whoami(nurse)).to.equal('200');
    expect(await query(clinic, 'SELECT user_id FROM account_states')).to.deep.equal([]);

    // The bridge has lost the right to use the admin API.
    await onServer('PUT', '/_synapse/admin/v2/users/@_carebridge:hospital.test', { admin: false });
    const refused = await act('lost-device', NURSE, 'all');
    expect(refused.code).to.equal(1);
    expect(refused.output).to.include('Its admin credential may not do this').and.to.include('Nothing was done');
    expect(await room.hears(`devices ${NURSE}`)).to.include('Its admin credential may not do this');

    // The homeserver is gone; a role can still be given, and taken over.
    await proxy.stop();
    const away = await act('unlock', NURSE);
    expect(away.code).to.equal(1);
    expect(away.output).to.include('cannot be reached').and.to.include('Nothing was done');
    expect(await act('give-role', NURSE, 'administrator')).to.include({ code: 0 });
  });
});
