/**
 * The watch over sign-ins: the whole bridge as a process, a real Synapse and real clients (A10, C2). The homeserver's clock is real: how long a device was not
 * used is written into its database while it is down.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freePort } from '../../src/cli/demo/free-port.ts';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { labelOf } from '../../src/model/device-label.ts';
import { END_DEVICE_SIGN } from '../../src/model/rows.ts';
import { changeConfig } from '../e2e/support/run-carebridge.ts';
import { query } from '../e2e/support/database.ts';
import { startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse, ReceivedEvent } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom } from './support/command-room.ts';
import { hearsOf, makeSecurityRoom } from './support/security-room.ts';

const HOUR_MS = 3_600_000;
/** From the login to the notice in the client of security; some 2 s where the machine has nothing else to do. ms. */
const TOLD_WITHIN_MS = 15_000;

describe('the watch over sign-ins', function () {
  this.timeout(120_000);
  let clinic: Clinic;
  let commandRoom: CommandRoom;
  let securityRoom: string;
  let admin: Nurse;
  let officer: Nurse;
  let nurse: Nurse;
  let doctor: Nurse;

  before(async function () {
    const port = await freePort();
    const resources = [{ names: ['client'], compress: false }];
    const listener = { port, bind_addresses: ['127.0.0.1'], type: 'http', tls: false, x_forwarded: true, resources };
    clinic = await startTestClinic(this, {
      accountControl: true,
      synapse: { port, extraConfig: { listeners: [listener] } },
      config: {
        // What is told within seconds is told whatever this says.
        accounts: { watch_every: '1h', watch_verify_within: '2s' },
        roles: [
          { id: 'officer', permissions: ['use-commands', 'security-room'] },
          { id: 'ward', permissions: ['use-commands'], classes: ['none', 'phi'], idle_logoff: '8h' },
        ],
      },
    });
    admin = await clinic.login('admin');
    commandRoom = await CommandRoom.join(clinic, admin);
    [officer, nurse, doctor] = [
      await clinic.login('officer'),
      await clinic.login('nurse'),
      await clinic.login('doctor'),
    ];
    await commandRoom.hears(`role give ${officer.userId} officer`);
    await commandRoom.hears(`role give ${doctor.userId} ward`);
    for (const one of [officer, nurse, doctor]) await clinic.joinCommandRoom(one);
    securityRoom = await makeSecurityRoom(commandRoom, admin, officer);
  });

  after(async () => {
    await clinic?.close();
  });

  const hears = (...words: string[]) => hearsOf(clinic, admin, securityRoom, ...words);

  /** With the nurse's password alone: what a thief can do. The client then asks for something, so that the homeserver sees from where. */
  async function passwordLogin(wanted?: string): Promise<{ token: string; deviceId: string; at: number }> {
    const token = await clinic.synapse.accessToken(clinic.accounts.get('nurse')!, wanted);
    const at = performance.now();
    const { device_id: deviceId } = (await (await ask(token)).json()) as { device_id: string };
    return { token, deviceId, at };
  }

  function ask(token: string, headers: Record<string, string> = {}): Promise<Response> {
    const url = `${clinic.synapse.url}/_matrix/client/v3/account/whoami`;
    return fetch(url, { headers: { ...headers, authorization: `Bearer ${token}` } });
  }

  const statusOf = async (token: string) => (await ask(token)).status;
  const tokenOf = (client: Nurse) => client.client.getAccessToken() ?? '';

  /** Puts a sign under a notice, and waits for the answer there. */
  async function reacts(who: Nurse, notice: ReceivedEvent, sign: string): Promise<string> {
    await who.react(securityRoom, notice.eventId, sign);
    return bodyOf(await commandRoom.answerTo(notice.eventId, {}, who, securityRoom));
  }

  it('A10: a login is told in the security room within seconds, with where from and the line that ends it', async function () {
    const delays: number[] = [];
    for (let n = 0; n < 5; n++) {
      const { deviceId, at } = await passwordLogin();
      const notice = bodyOf(await hears(nurse.userId, 'signed in on a new device', deviceId));
      delays.push(performance.now() - at);
      expect(notice).to.include(`!care lost-device ${nurse.userId} ${deviceId}`).and.include('from 127.0.0.1');
    }
    delays.sort((one, other) => one - other);
    const words = delays.map((ms) => (ms / 1_000).toFixed(1)).join(', ');
    this.test!.title += ` (${words} s)`;
    expect(delays.at(-1)).to.be.lessThan(TOLD_WITHIN_MS);
  });

  it('A10: one tap ends that device and no other; of nobody who may not, and by no other sign', async () => {
    const thief = await passwordLogin();
    const notice = await hears(thief.deviceId);
    await admin.react(securityRoom, notice.eventId, '✅');
    expect(await reacts(officer, notice, END_DEVICE_SIGN)).to.match(/^Refused: you may not end sessions/);
    expect(await statusOf(thief.token)).to.equal(200);

    await admin.react(securityRoom, notice.eventId, END_DEVICE_SIGN);
    await waitFor('the session to be over', async () => (await statusOf(thief.token)) === 401);
    await hears(`Device ${thief.deviceId} of ${nurse.userId} is signed out`);
    expect(await statusOf(tokenOf(nurse))).to.equal(200);
    const rows = await query(
      clinic,
      `SELECT actor || ' ' || outcome FROM audit_log WHERE action = 'command.lost-device' AND target = '${nurse.userId}' ORDER BY seq`,
    );
    expect(rows).to.deep.equal([`${officer.userId} refused`, `${admin.userId} done`, `${admin.userId} done`]);
  });

  it('A10: the line of the notice, copied, does the same', async () => {
    const thief = await passwordLogin();
    const [, line = ''] = /(!care lost-device .*)$/m.exec(bodyOf(await hears(thief.deviceId))) ?? [];
    expect(bodyOf(await commandRoom.says(line, admin, securityRoom))).to.include('is signed out');
    expect(await statusOf(thief.token)).to.equal(401);
  });

  it('A10, D1: whatever a thief calls the device, it is told of, and one tap or the copied line ends it and no other', async () => {
    for (const deviceId of [`${nurse.deviceId}\u200b`, '--dry-run', 'é'.repeat(512), '']) {
      const thief = await passwordLogin(deviceId);
      expect(thief.deviceId).to.equal(deviceId);
      const label = labelOf(deviceId);
      const notice = await hears(nurse.userId, 'signed in on a new device', `  ${label}  `);
      if (deviceId === '--dry-run') {
        const [, line = ''] = /(!care lost-device .*)$/m.exec(bodyOf(notice)) ?? [];
        expect(bodyOf(await commandRoom.says(line, admin, securityRoom))).to.include(`✓ device ${label} is gone`);
      } else {
        await admin.react(securityRoom, notice.eventId, END_DEVICE_SIGN);
        await hears(`Device ${label} of ${nurse.userId} is signed out`);
      }
      expect(await statusOf(thief.token)).to.equal(401);
      expect(await statusOf(tokenOf(nurse))).to.equal(200);
    }
  });

  it('A10: rounds tell of a device that was not verified in time, and of a login from a new network', async () => {
    const unverified = clinic.add(await nurse.secondDevice({ verified: false }));
    await clinic.bridge.stop();
    await changeConfig(clinic, ({ accounts }) => void (accounts!['watch_every'] = '1s'));
    await clinic.bridge.start();
    await hears(nurse.userId, 'has a device that they have not verified', unverified.deviceId);
    await nurse.removeDevice(unverified.deviceId);
    unverified.stop();

    // No client uses it: one that goes on from the old network would be what the homeserver has seen last.
    const { token, deviceId } = await passwordLogin();
    await hears(nurse.userId, 'signed in on a new device', deviceId);
    expect((await ask(token, { 'x-forwarded-for': '203.0.113.9' })).status).to.equal(200);
    await hears(nurse.userId, 'uses a device from a new network', 'from 203.0.113.9', deviceId);
  });

  it('C2: what was idle for longer than the role allows is ended, and nothing else; without a limit it is told', async () => {
    const phone = clinic.add(await doctor.secondDevice());
    const tablet = await passwordLogin();
    for (const { deviceId } of [phone, tablet]) await hears('signed in on a new device', deviceId);
    phone.stop();
    await clinic.synapse.restart(async () => {
      setLastUse(phone, Date.now() - 9 * HOUR_MS);
      setLastUse({ userId: nurse.userId, deviceId: tablet.deviceId }, Date.now() - 91 * 24 * HOUR_MS);
    });
    await hears(doctor.userId, phone.deviceId, 'unused for longer than 480 minutes');
    await waitFor('the session to be over', async () => (await statusOf(tokenOf(phone))) === 401);
    expect(await statusOf(tokenOf(doctor))).to.equal(200);
    await hears(nurse.userId, 'not been used for a long time', tablet.deviceId);
    expect(await statusOf(tablet.token)).to.equal(200);
    const ended = await query(clinic, "SELECT DISTINCT target FROM audit_log WHERE action = 'account.idle-sign-out'");
    expect(ended).to.deep.equal([doctor.userId]);
  });

  function setLastUse({ userId, deviceId }: { userId: string; deviceId: string }, at: number): void {
    const database = new DatabaseSync(join(clinic.synapse.configDir, 'homeserver.db'), { timeout: 10_000 });
    try {
      const sql = 'UPDATE devices SET last_seen = ? WHERE user_id = ? AND device_id = ?';
      expect(database.prepare(sql).run(at, userId, deviceId).changes).to.equal(1);
    } finally {
      database.close();
    }
  }
});
