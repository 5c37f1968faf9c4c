/**
 * The whole bridge beside a Synapse whose accounts belong to Matrix Authentication Service, played or, where the environment names one, real; staff with
 * real clients (A7, D1, D3, D4).
 */
import { expect } from 'chai';
import { once, type EventEmitter } from 'node:events';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { Chat } from '../e2e/support/chat.ts';
import { copyConfig, runCarebridge } from '../e2e/support/run-carebridge.ts';
import { unexpectedWarnings } from '../e2e/support/shields.ts';
import { startTestClinic } from '../e2e/support/test-clinic.ts';
import { DESK, PHONE, probe, WHOAMI } from '../support/accounts-contract.ts';
import { freePort } from '../support/free-port.ts';
import { Nurse, type ReceivedEvent } from '../support/nurse.ts';
import { isRealMasNamed, startNamedMas } from '../support/real-mas.ts';
import { accountsWithMas, synapseWithMas, type TestMas } from '../support/test-mas.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom } from './support/command-room.ts';

/**
 * From the command that is typed to the dead session. The goal beside MAS, with its worker running, is under 1 s, which `npm run bench -- --only lost-device`
 * measures for each kind (on a real MAS: 0.17 to 0.26 s). A story runs beside others on a loaded machine: it holds to the 2 s that hold everywhere, and a
 * session that took longer is followed by another, once.
 */
const ENDED_WITHIN_MS = 2_000;

describe(`accounts that belong to Matrix Authentication Service, ${isRealMasNamed() ? 'real' : 'played'}`, function () {
  this.timeout(120_000);
  let mas: TestMas;
  let clinic: Clinic;
  let admin: Nurse;
  let nurse: Nurse;
  let command: CommandRoom;

  before(async function () {
    const port = await freePort();
    mas = await startNamedMas(this, `http://127.0.0.1:${port}`);
    clinic = await startTestClinic(this, {
      synapse: { port, extraConfig: synapseWithMas(mas) },
      config: { accounts: accountsWithMas(mas, '@carebridge-admin:hospital.test') },
      login: async (name, { url }) => Nurse.withSession(url, await session(name, `${name}-desktop`)),
      startBridge: false,
    });
    await mas.addUser('carebridge-admin', { admin: true });
    for (const name of ['admin', 'nurse']) await mas.addUser(name);
    await clinic.bridge.start();
    [admin, nurse] = await Promise.all([clinic.login('admin'), clinic.login('nurse')]);
    command = await CommandRoom.join(clinic, admin, nurse);
  });

  after(async () => {
    await clinic?.close();
    await mas?.stop();
  });

  async function session(name: string, deviceId: string) {
    const { token } = await mas.login(name, 'oauth2', deviceId);
    return { userId: `@${name}:hospital.test`, deviceId, accessToken: token };
  }

  /** A new account with two devices, both in use. */
  async function withTwoDevices(name: string, kind: 'compat' | 'oauth2' | 'personal' = 'oauth2') {
    await mas.addUser(name);
    const phone = await mas.login(name, kind, PHONE);
    const desk = await mas.login(name, kind, DESK);
    for (const { token } of [phone, desk]) expect(await statusOf(token)).to.equal(200);
    return { user: `@${name}:hospital.test`, phone: phone.token, desk: desk.token };
  }

  const whoami = (token: string) => probe(clinic.synapse.url, token, WHOAMI);
  const statusOf = async (token: string) => (await whoami(token)).status;

  /** How long after now the token is dead at the next request, and a sync that waits has ended. ms. */
  async function watchEnd(token: string): Promise<() => Promise<{ deadAfter: number; syncAfter: number }>> {
    const headers = { authorization: `Bearer ${token}` };
    const sync = (query: string) => fetch(`${clinic.synapse.url}/_matrix/client/v3/sync?${query}`, { headers });
    const { next_batch: since } = (await (await sync('timeout=0')).json()) as { next_batch: string };
    const from = performance.now();
    const syncAfter = sync(`since=${since}&timeout=60000`).then(() => performance.now() - from);
    const deadAfter = waitFor('the token to be dead', async () => (await statusOf(token)) === 401, {
      timeoutMs: 30_000,
      everyMs: 5,
    }).then(() => performance.now() - from);
    return async () => ({ deadAfter: await deadAfter, syncAfter: await syncAfter });
  }

  /** Ends one of two devices of a new account; returns how long after the command its token and its sync were dead. ms. */
  async function lose(name: string, kind: 'compat' | 'oauth2' | 'personal'): Promise<number> {
    const { user, phone, desk } = await withTwoDevices(name, kind);
    const ended = await watchEnd(phone);
    const answer = await command.hears(`lost-device ${user} ${PHONE}`);
    const { deadAfter, syncAfter } = await ended();
    process.stdout.write(
      `      ${kind}: 401 ${Math.round(deadAfter)} ms after the command was typed, /sync ended after ${Math.round(syncAfter)} ms\n`,
    );
    expect(answer)
      .to.include(`Device ${PHONE} of ${user} is signed out`)
      .and.to.include(`1 ${kind} session`)
      .and.to.include(`device ${PHONE} is gone from the homeserver`);
    expect(await whoami(phone)).to.deep.equal({ status: 401, errcode: 'M_UNKNOWN_TOKEN', softLogout: false });
    expect(await statusOf(desk)).to.equal(200);
    expect(await command.hears(`devices ${user}`))
      .to.include('1 device')
      .and.to.include(DESK);
    return Math.max(deadAfter, syncAfter);
  }

  it('a patient’s text is read and answered in an encrypted room, without a warning', async () => {
    const chat = await Chat.open(clinic, nurse, command.roomId);
    await chat.patientSays('Is the clinic open on Friday?');
    await chat.nurseSays('It is, until five.');
    expect(nurse.events.messages(chat.room).map(({ shield }) => shield)).to.include('none');
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
  });

  for (const kind of ['compat', 'oauth2', 'personal'] as const) {
    it(`D1 lost-device ends a ${kind} session at once, and no other`, async () => {
      const time = await lose(`lee-${kind}`, kind);
      expect(time < ENDED_WITHIN_MS ? time : await lose(`lee-${kind}-2`, kind)).to.be.lessThan(ENDED_WITHIN_MS);
    });
  }

  it('D1 a browser session, which has no token of the homeserver, is listed, ended with all others, and said to be over', async () => {
    await mas.addUser('lou');
    const user = '@lou:hospital.test';
    await mas.login('lou', 'browser');
    expect(await command.hears(`whois ${user}`)).to.include('Devices: 0, sessions: 1');
    const alone = await command.confirmed(`lost-device all ${user}`);
    expect(bodyOf(alone.answer))
      .to.include(`${user} is signed out everywhere.`)
      .and.to.include('1 browser session ended in MAS, and no other is active')
      .and.to.include('the account has no device any more')
      .and.to.not.include('may still work');
    expect(await command.hears(`whois ${user}`)).to.include('Devices: 0, sessions: 0');
  });

  it('D1 a browser session lives on where the phone that is lost was not signed in by it, and a device lives on that was not lost', async () => {
    const { user, phone, desk } = await withTwoDevices('mo', 'personal');
    await mas.login('mo', 'browser');
    const answer = await command.hears(`lost-device ${user} ${PHONE}`);
    expect(answer).to.include('1 personal session ended in MAS').and.to.not.include('browser');
    expect([await statusOf(phone), await statusOf(desk)]).to.deep.equal([401, 200]);
    expect(await command.hears(`whois ${user}`)).to.include('Devices: 1, sessions: 2');
    const all = await command.confirmed(`lost-device all ${user}`);
    expect(bodyOf(all.answer)).to.match(
      /1 (personal|browser) session, 1 (personal|browser) session ended in MAS, and no other is active/,
    );
    expect(await statusOf(desk)).to.equal(401);
  });

  it('D1 a real client on the lost phone is signed out for good', async () => {
    const phone = clinic.add(await nurse.secondDevice({ session: await session('nurse', PHONE) }));
    const signedOut = once(phone.client as unknown as EventEmitter, 'Session.logged_out');
    expect(await command.hears(`lost-device ${nurse.userId} ${PHONE}`)).to.include('is signed out');
    await signedOut;
    expect(await statusOf(nurse.client.getAccessToken() ?? '')).to.equal(200);
  });

  it('D1 lost-device all ends all four kinds, and says which one the homeserver still remembers, and until when', async () => {
    const { user, phone, desk } = await withTwoDevices('kim');
    const [compat, script] = [await mas.login('kim', 'compat', 'TABLET-001'), await mas.login('kim', 'personal')];
    await mas.login('kim', 'browser');
    for (const { token } of [compat, script]) expect(await statusOf(token)).to.equal(200);
    const { answer } = await command.confirmed(`lost-device all ${user}`);
    const words = bodyOf(answer);
    for (const found of ['2 oauth2 sessions', '1 compat session', '1 personal session', 'browser session'])
      expect(words).to.include(found);
    expect(words).to.match(/may still work until \d{4}-\d\d-\d\d \S+ UTC: personal session without a device/);
    for (const token of [phone, desk, compat.token]) expect(await statusOf(token)).to.equal(401);
    // As was said of it, and of no other.
    expect(await statusOf(script.token)).to.equal(200);
    expect(await command.hears(`whois ${user}`)).to.include('Devices: 0, sessions: 0');
  });

  it('D3, D4 a lock warns and offers to suspend; alone it is never called done; unlock brings the session back', async () => {
    const { user, phone } = await withTwoDevices('robin');
    const alone = await command.confirmed(`lock ${user}`);
    expect(alone.preview).to.include('within 2 minutes').and.to.include('loses the keys').and.to.include('`suspend`');
    expect(bodyOf(alone.answer))
      .to.include('is not locked out completely')
      .and.to.match(/may still work until .* UTC: /)
      .and.to.include(`oauth2 session of device ${PHONE}`)
      .and.to.include(`oauth2 session of device ${DESK}`);
    expect(await statusOf(phone), 'as was said').to.equal(200);
    expect(await mas.login('robin', 'oauth2', 'THIEF-0001').catch(() => 'refused')).to.equal('refused');
    expect(await command.hears(`unlock ${user}`)).to.include('is unlocked');
    expect(await statusOf(phone)).to.equal(200);

    const whole = await command.confirmed(`lock --end-sessions ${user}`);
    expect(bodyOf(whole.answer)).to.include(`${user} is locked.`).and.to.not.include('may still work');
    expect(await statusOf(phone)).to.equal(401);
  });

  it('A7 offboard ends everything, and nobody gets in again', async () => {
    const { user, phone, desk } = await withTwoDevices('toni', 'compat');
    await command.confirmed(`offboard ${user}`);
    const isReport = (event: ReceivedEvent) => bodyOf(event).startsWith(`${user} is offboarded`);
    const report = bodyOf(await admin.waitForMessage(command.roomId, isReport, command.instead()));
    expect(report).to.include(`${user} is offboarded.`).and.to.include('✓ sessions: 2 compat sessions');
    for (const token of [phone, desk]) expect(await statusOf(token)).to.equal(401);
    expect(await mas.login('toni', 'compat', 'THIEF-0001').catch(() => 'refused')).to.equal('refused');
  });

  it('D1 with MAS’s job worker stopped, the homeserver is told directly, and the device does not come back', async () => {
    const { user, phone, desk } = await withTwoDevices('sasha');
    await mas.setWorker(false);
    try {
      const ended = await watchEnd(phone);
      expect(await command.hears(`lost-device ${user} ${PHONE}`))
        .to.include('is signed out')
        .and.to.include('MAS was late, the homeserver was told directly');
      const { deadAfter } = await ended();
      process.stdout.write(`      worker stopped: 401 after ${Math.round(deadAfter)} ms\n`);
    } finally {
      await mas.setWorker(true);
    }
    // What waited for the worker runs now, and the next session's end brings the homeserver in line once more.
    expect(await command.hears(`lost-device ${user} ${DESK}`)).to.include('is signed out');
    for (const token of [phone, desk]) expect(await statusOf(token)).to.equal(401);
  });

  it('D1, D3 with MAS down, the answer says at once that nothing was done and what lives on', async () => {
    const { user, phone } = await withTwoDevices('alex');
    // Tokens that Synapse has just asked for: what it remembers may run out at any moment.
    await clinic.bridge.restart();
    const fresh = clinic.add(await admin.secondDevice({ session: await session('admin', 'ADMIN-0002') }));
    expect(await command.hears(`devices ${user}`, fresh)).to.include(PHONE);
    await mas.setUp(false);
    try {
      const typed = performance.now();
      for (const line of [`lost-device ${user} ${PHONE}`, `lock ${user}`]) {
        const answer = await command.hears(line, fresh);
        expect(answer)
          .to.include('MAS cannot be reached')
          .and.to.include(`Nothing was done to ${user}`)
          .and.to.match(/may still work until somebody ends them: /)
          .and.to.include(`device ${PHONE}`)
          .and.to.include(`device ${DESK}`)
          .and.to.include('Repeat');
      }
      process.stdout.write(`      MAS down: both answers after ${Math.round(performance.now() - typed)} ms\n`);
      expect(await statusOf(phone)).to.equal(200);
    } finally {
      await mas.setUp(true);
    }
    expect(await command.hears(`lost-device ${user} ${PHONE}`, fresh)).to.include('is signed out');
    expect(await statusOf(phone)).to.equal(401);
  });

  it('doctor says who owns the accounts, and that an adapter does not fit', async () => {
    const right = await runCarebridge(['doctor', '--config', clinic.configPath]);
    expect(right.output).to.include('Matrix Authentication Service at ').and.to.include('possible (mas)');
    const wrong = await copyConfig(clinic, (config) => {
      config['accounts'] = { ...config['accounts'], adapter: 'native' };
    });
    const { code, output } = await runCarebridge(['doctor', '--config', wrong]);
    expect(code).to.not.equal(0);
    expect(output).to.match(/FAIL .*accounts\.adapter is native, which refuses to work here: set it to auto or mas/);
  });
});
