/** People and their devices, as the hospital's directory and their own clients have them: the whole bridge with OpenLDAP (A4, A5, M1). */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { BOT } from '../e2e/support/chat.ts';
import { callAs, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { skip } from '../support/skip.ts';
import { READER, slapdIsMissing, startSlapd, SUFFIX, type Slapd } from '../support/slapd.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom, dataOf } from './support/command-room.ts';

const PEOPLE = `ou=people,${SUFFIX}`;
const PHYSICIANS = `cn=physicians,ou=groups,${SUFFIX}`;
const member = (uid: string) => `member: uid=${uid},${PEOPLE}`;
const person = (uid: string) =>
  `dn: uid=${uid},${PEOPLE}\nobjectClass: inetOrgPerson\ncn: ${uid}\nsn: ${uid}\nuid: ${uid}\n`;
const unit = (ou: string) => `dn: ou=${ou},${SUFFIX}\nobjectClass: organizationalUnit\nou: ${ou}\n`;
const LDIF = [
  ...[unit('people'), unit('groups'), person('doctor'), person('chief')],
  `dn: ${PHYSICIANS}\nobjectClass: groupOfNames\ncn: physicians\n${member('chief')}\n${member('doctor')}\n`,
].join('\n');

describe('staff of the hospital', function () {
  this.timeout(120_000);
  let slapd: Slapd;
  let clinic: Clinic;
  let admin: Nurse;
  let commands: CommandRoom;

  before(async function () {
    const missing = slapdIsMissing();
    if (missing !== undefined) skip(this, missing);
    slapd = await startSlapd(LDIF);
    const passwordFile = join(await tempDir('ldap'), 'ldap.password');
    await writeFile(passwordFile, READER.password, { mode: 0o600 });
    clinic = await startTestClinic(this, {
      config: {
        units: [{ id: 'icu', name: 'Intensive care' }],
        roles: [
          {
            id: 'physician',
            power: 50,
            permissions: ['use-commands', 'view-roles'],
            classes: ['none', 'phi'],
            units: ['icu'],
          },
        ],
        directory: {
          url: slapd.url,
          start_tls: false,
          bind_dn: READER.dn,
          password_file: passwordFile,
          base: PEOPLE,
          interval: '1s',
          groups: [{ group: PHYSICIANS, role: 'physician' }],
        },
      },
    });
    admin = await clinic.login('admin');
    commands = await CommandRoom.join(clinic, admin);
  });

  after(async () => {
    await clinic?.close();
    await slapd?.stop();
  });

  const made = async (line: string) => dataOf<{ room: string }>(await commands.says(`!care ${line}`)).room;
  const stateOf = (room: string, path: string) => callAs(clinic, BOT, 'GET', roomPath(room, `/state/${path}`));
  const powerOf = async (room: string, user: string) =>
    ((await stateOf(room, 'm.room.power_levels/'))['users'] as Record<string, number>)[user];

  it('a member of a sensitive room with a device that is not verified is reported, until it is verified or gone', async () => {
    const room = await made('room create Quiet room --class sensitive');
    await admin.join(room);
    expect(await commands.hears(`room show ${room}`)).not.to.include('not verified');
    const second = clinic.add(await admin.secondDevice({ verified: false }));
    const told = await admin.waitForMessage(
      commands.roomId,
      (event) => event.sender === BOT && bodyOf(event).includes('devices that are not verified'),
      { ...commands.instead(), timeoutMs: 60_000 },
    );
    expect(bodyOf(told)).to.include(`verified-devices: ${admin.userId}`).and.to.include(second.deviceId);
    expect(bodyOf(told)).to.include(room);
    expect(await commands.hears(`room show ${room}`)).to.include(second.deviceId);
    await second.logout();
    await waitFor(
      'the report to be over',
      async () => !(await commands.hears(`room show ${room}`)).includes('not verified'),
      { timeoutMs: 40_000, everyMs: 1_000 },
    );
  });

  it('A4, A5: who leaves a group of the directory has lost the role, the power and the rooms', async () => {
    const [space, ward] = [await made('unit create icu'), await made('room create Ward team --unit icu')];
    const doctor = await clinic.login('doctor');
    const { userId } = doctor;
    for (const room of [commands.roomId, space]) {
      await doctor.waitForInvite((roomId) => roomId === room, commands.instead());
      await doctor.join(room);
    }
    await waitFor('the join rule of the room', async () => {
      return (await stateOf(ward, 'm.room.join_rules/'))['join_rule'] === 'restricted';
    });
    await doctor.join(ward);
    await waitFor('the power of the role', async () => (await powerOf(ward, userId)) === 50);
    expect(await commands.hears(`role list ${userId}`))
      .to.include('physician')
      .and.to.include('directory');

    await slapd.modify(`dn: ${PHYSICIANS}\nchangetype: modify\ndelete: member\n${member('doctor')}\n`);
    for (const room of [ward, space, commands.roomId]) {
      await waitFor(`the physician to be out of ${room}`, async () => {
        return (await stateOf(room, `m.room.member/${userId}`))['membership'] === 'leave';
      });
    }
    expect(await powerOf(ward, userId)).to.equal(undefined);
    const seen = await waitFor('the client to see it', () => {
      const found = doctor.client.getRoom(ward)?.getMember(userId);
      return found?.membership === 'leave' ? found : undefined;
    });
    expect(String(seen.events.member?.getContent()['reason'])).to.include('for staff with a role');
    expect(await commands.hears(`role list ${userId}`)).not.to.include('physician');
    await expectRefused(() => doctor.join(ward));
  });

  async function expectRefused(act: () => Promise<unknown>): Promise<void> {
    const error = await act().then(
      () => undefined,
      (thrown: unknown) => thrown as { errcode?: string },
    );
    expect(error?.errcode).to.equal('M_FORBIDDEN');
  }
});
