/** Everything stops some time: the bridge, the homeserver, both; nothing is lost and nobody's identity changes. */
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { freePort } from '../support/free-port.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { BOT, Chat } from './support/chat.ts';
import { copyConfig, runCarebridge } from './support/run-carebridge.ts';
import { unexpectedWarnings } from './support/shields.ts';
import { startTestClinic } from './support/test-clinic.ts';

/** Where `npm test` runs another stage beside this one, a start takes as long as that one lets it. */
const FIRST_WITHIN_MS = process.env['CAREBRIDGE_TEST_SIDE_BY_SIDE'] ? 30_000 : 5_000;

describe('restarts', function () {
  this.timeout(90_000);
  let clinic: Clinic;
  let nurse: Nurse;
  let commandRoom: string;
  let chat: Chat;

  before(async function () {
    clinic = await startTestClinic(this, { carrier: { slowMs: 1_000 } });
    nurse = await clinic.login('nurse');
    commandRoom = await clinic.joinCommandRoom(nurse);
    chat = await Chat.open(clinic, nurse, commandRoom);
  });

  afterEach(async () => {
    clinic.carrier.setMode('normal');
    if (!clinic.bridge.isRunning) await clinic.bridge.start();
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    expect(clinic.carrier.doubled()).to.deep.equal([]);
  });

  after(async () => {
    await clinic?.close();
  });

  it(`delivers what staff wrote while the bridge was down, keys included: once, in order, the first within ${FIRST_WITHIN_MS / 1_000} s of the start`, async function () {
    await clinic.bridge.stop();
    // A new session, so that its key comes while nobody is there to take it.
    await nurse.crypto.forceDiscardSession(chat.room);
    const texts = Array.from({ length: 10 }, (_, index) => `written while it was down, ${index}`);
    for (const text of texts) await nurse.send(chat.room, text);
    const before = chat.phoneTexts().length;
    const started = performance.now();
    const starting = clinic.bridge.start();
    await chat.phoneGets(texts[0] ?? '');
    const firstMs = performance.now() - started;
    await chat.phoneGets(texts.at(-1) ?? '');
    const lastMs = performance.now() - started;
    await starting;
    tell(this, `the first of 10 after ${seconds(firstMs)}, the last after ${seconds(lastMs)}`);
    await chat.nurseSays('after the start');
    expect(chat.phoneTexts().slice(before)).to.deep.equal([...texts, 'after the start']);
    expect(firstMs).to.be.lessThan(FIRST_WITHIN_MS);
  });

  it('delivers what patients texted while the bridge was down: once, in order', async () => {
    await clinic.bridge.kill9();
    const before = chat.fromPatient().length;
    const texts = ['knock', 'knock knock', 'anybody there?'];
    const sending = texts.map((text) => chat.patientTexts(text));
    await clinic.bridge.start();
    await Promise.all(sending);
    await chat.nurseReads('anybody there?');
    expect(chat.fromPatient().slice(before)).to.deep.equal(texts);
  });

  it('keeps the identities and devices of bot and ghost', async () => {
    const users = [BOT, chat.ghost];
    const identities = await identitiesOf(nurse, users);
    await clinic.bridge.restart();
    await chat.patientSays('same as before?');
    await chat.nurseSays('same as before');
    expect(await identitiesOf(nurse, users)).to.deep.equal(identities);
    for (const user of users) {
      expect(identities[user]?.master, user).to.be.a('string');
      expect(identities[user]?.devices, user).to.have.length(1);
    }
  });

  it('goes on after the homeserver was restarted', async () => {
    let sending: Promise<void> | undefined;
    await clinic.synapse.restart(async () => {
      sending = chat.patientTexts('while the homeserver is down (L2)');
      await sending;
    });
    await chat.nurseReads('while the homeserver is down (L2)');
    await chat.nurseSays('the homeserver is back');
    await chat.patientSays('good');
  });

  it('starts while the homeserver is down, answers STOP, and gets to work when it is there (L2)', async () => {
    const other = await Chat.open(clinic, nurse, commandRoom);
    await clinic.bridge.stop();
    await clinic.synapse.restart(async () => {
      await clinic.bridge.spawn();
      await other.patientTexts('STOP');
      await other.phoneGets('no more texts');
      await chat.patientTexts('is it up?');
    });
    await clinic.bridge.waitUntilReady();
    await chat.nurseReads('is it up?');
    await chat.nurseSays('now it is');
    await other.botSays('opted out (STOP)');
  });

  it('refuses to start without its crypto store, says why, and makes no new keys (L3)', async () => {
    const identities = await identitiesOf(nurse, [BOT, chat.ghost]);
    const store = join(clinic.directory, 'crypto');
    await clinic.bridge.stop();
    await rename(store, `${store}.away`);
    try {
      const { code, output } = await runCarebridge(['start', '--config', clinic.configPath]);
      expect(code).to.equal(1);
      expect(output)
        .to.match(/crypto store/i)
        .and.to.include('reset-crypto');
      expect(output).not.to.include('bridge.listening');
    } finally {
      await rm(store, { recursive: true, force: true });
      await rename(`${store}.away`, store);
    }
    await clinic.bridge.start();
    await chat.patientSays('still the same');
    expect(await identitiesOf(nurse, [BOT, chat.ghost])).to.deep.equal(identities);
  });

  it('refuses to run twice on one database, with a copy of the crypto store too', async () => {
    await cp(join(clinic.directory, 'crypto'), join(clinic.directory, 'crypto.copy'), { recursive: true });
    const ports = { appservice: await freePort(), http: await freePort() };
    const second = await copyConfig(clinic, (config) => {
      config['appservice'] = { ...config['appservice'], url: clinic.appserviceUrl, listen: { port: ports.appservice } };
      config['http'] = { port: ports.http, public_url: clinic.httpUrl };
      config['encryption'] = { ...config['encryption'], store: 'crypto.copy' };
    });
    const { code, output } = await runCarebridge(['start', '--config', second]);
    expect(code).to.equal(1);
    expect(output).to.match(/another Carebridge is running on .* Stop the other one first/);
    await chat.patientSays('the first one goes on');
    await chat.nurseSays('yes, it does');
  });

  it('finishes on SIGTERM what is at work: the text in the carrier’s hands is no unknown one', async () => {
    clinic.carrier.setMode('slow');
    const called = clinic.carrier.waitForCall();
    const event = await nurse.send(chat.room, 'slowly');
    await called;
    expect(await clinic.bridge.stop()).to.equal(0);
    expect(chat.phoneTexts().at(-1)).to.equal('slowly');
    clinic.carrier.setMode('normal');
    await clinic.bridge.start();
    await chat.nurseSays('and on it goes');
    await chat.delivered(event);
    expect(chat.repliesTo(event)).to.deep.equal([]);
    expect(chat.phoneTexts().slice(-2)).to.deep.equal(['slowly', 'and on it goes']);
  });

  it('says after kill -9 that it cannot know about a text in the carrier’s hands, and does not repeat it', async () => {
    clinic.carrier.setMode('slow');
    const called = clinic.carrier.waitForCall();
    const event = await nurse.send(chat.room, 'in the carrier’s hands');
    await called;
    await clinic.bridge.kill9();
    clinic.carrier.setMode('normal');
    await clinic.bridge.start();
    expect(await chat.botReplies(event)).to.include('may or may not have reached');
    await chat.nurseSays('life goes on');
    await waitFor('the slow carrier to have taken it', () => chat.phoneTexts().includes('in the carrier’s hands'));
    expect(chat.repliesTo(event)).to.have.length(1);
  });
});

interface Identity {
  readonly master: string | undefined;
  readonly devices: readonly string[];
}

/** As the homeserver shows them to everybody. */
async function identitiesOf(nurse: Nurse, users: readonly string[]): Promise<Record<string, Identity>> {
  const answer = await fetch(`${nurse.client.baseUrl}/_matrix/client/v3/keys/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${nurse.client.getAccessToken()}` },
    body: JSON.stringify({ device_keys: Object.fromEntries(users.map((user) => [user, []])) }),
  });
  const keys = (await answer.json()) as {
    master_keys: Record<string, { keys: Record<string, string> }>;
    device_keys: Record<string, Record<string, { keys: Record<string, string> }>>;
  };
  return Object.fromEntries(
    users.map((user) => [
      user,
      {
        master: Object.values(keys.master_keys[user]?.keys ?? {})[0],
        devices: Object.values(keys.device_keys[user] ?? {}).map((device) => JSON.stringify(device.keys)),
      },
    ]),
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Adds what was measured to the test's title, where the report shows it. */
function tell(context: Mocha.Context, what: string): void {
  if (context.test) context.test.title += `: ${what}`;
}
