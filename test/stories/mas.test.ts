/** The whole bridge beside a homeserver whose accounts belong to Matrix Authentication Service (D1, D3, D4, A7): real Synapse, real clients. */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { BOT, Chat } from '../e2e/support/chat.ts';
import { unexpectedWarnings } from '../e2e/support/shields.ts';
import { startTestClinic } from '../e2e/support/test-clinic.ts';
import { startFakeMas } from '../support/fake-mas.ts';
import { freePort } from '../support/free-port.ts';
import { Nurse } from '../support/nurse.ts';
import { accountsWithMas, synapseWithMas, type TestMas } from '../support/test-mas.ts';

describe('accounts that belong to Matrix Authentication Service', function () {
  this.timeout(60_000);
  let mas: TestMas;
  let clinic: Clinic;
  let admin: Nurse;
  let nurse: Nurse;
  let commandRoom: string;

  async function session(localpart: string, deviceId: string) {
    const { token } = await mas.login(localpart, 'oauth2', deviceId);
    return { userId: `@${localpart}:hospital.test`, deviceId, accessToken: token };
  }

  before(async function () {
    const port = await freePort();
    mas = await startFakeMas(`http://127.0.0.1:${port}`);
    clinic = await startTestClinic(this, {
      synapse: { port, extraConfig: synapseWithMas(mas) },
      config: { accounts: accountsWithMas(mas, '@carebridge-admin:hospital.test') },
      login: async (localpart, { url }) =>
        Nurse.withSession(url, await session(localpart, `${localpart.toUpperCase()}DESK`)),
      startBridge: false,
    });
    await mas.addUser('carebridge-admin', { admin: true });
    for (const name of ['admin', 'nurse']) await mas.addUser(name);
    await clinic.bridge.start();
    [admin, nurse] = await Promise.all([clinic.login('admin'), clinic.login('nurse')]);
    commandRoom = await clinic.joinCommandRoom(admin);
    await clinic.joinCommandRoom(nurse);
  });

  after(async () => {
    await clinic?.close();
    await mas?.stop();
  });

  it('a patient’s text is read, and answered, without a warning', async () => {
    const chat = await Chat.open(clinic, nurse, commandRoom);
    await chat.patientSays('Is the clinic open on Friday?');
    await chat.nurseSays('It is, until five.');
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    console.log(BOT);
  });
});
