/** The whole bridge as a process and staff with real clients: it is set up in a conversation, checked, and used in an emergency (B1, B2, B3, C1). */
import { expect } from 'chai';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { BOT, Chat } from '../e2e/support/chat.ts';
import { callAs, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom, dataOf } from './support/command-room.ts';

const DOCTOR = '@doctor:hospital.test';
const REASON = 'patient collapsed at home, the team is unreachable';
/** Until then the physician has come in and read, also on a machine that is busy with other things. */
const ACCESS_S = 10;

describe('setting up, and an emergency', function () {
  this.timeout(120_000);
  let clinic: Clinic;
  let admin: Nurse;
  let nurse: Nurse;
  let doctor: Nurse;
  let command: CommandRoom;
  let securityRoom: string;

  before(async function () {
    clinic = await startTestClinic(this, {
      synapse: {
        extraConfig: {
          enable_room_list_search: false,
          require_auth_for_profile_requests: true,
          limit_profile_requests_to_users_who_share_rooms: true,
        },
      },
      config: {
        units: [{ id: 'icu', name: 'Intensive care' }],
        roles: [{ id: 'on-call', name: 'Physician on call', permissions: ['use-commands', 'break-glass'] }],
        homeserver_declarations: { retention: true, session_lifetime: 'never', guest_access: false },
      },
    });
    [admin, nurse, doctor] = await Promise.all([clinic.login('admin'), clinic.login('nurse'), clinic.login('doctor')]);
    command = await CommandRoom.join(clinic, admin, nurse);
  });

  after(async () => {
    await clinic?.close();
  });

  const says = (words: string, who?: Nurse) => command.says(words, who);
  const hears = async (words: string, who?: Nurse) => bodyOf(await says(words, who));

  async function isOut(room: string): Promise<boolean> {
    const member = await callAs(clinic, BOT, 'GET', roomPath(room, `/state/m.room.member/${DOCTOR}`));
    return member['membership'] === 'leave';
  }

  /** While the bridge is down: as if the time of the emergency access to the room were over. */
  function endTime(room: string): void {
    const database = new DatabaseSync(join(clinic.directory, 'carebridge.db'));
    try {
      const sql = 'UPDATE emergency_access SET expires_at = ? WHERE room_id = ? AND ended_at IS NULL';
      expect(database.prepare(sql).run(Date.now() - 1, room).changes).to.equal(1);
    } finally {
      database.close();
    }
  }

  const securityHears = (...words: string[]) =>
    admin.waitForMessage(
      securityRoom,
      (event) => event.sender === BOT && words.every((word) => bodyOf(event).includes(word)),
      command.instead(admin, securityRoom),
    );

  it('!care setup leads through everything in plain words, over a restart, and ends with what is not yet compliant', async () => {
    expect(await hears('!care setup', nurse)).to.include('Refused');
    expect(await hears('!care setup'))
      .to.include('✓ Command room')
      .and.to.include('○ Security room: There is none')
      .and.to.include('`yes`');
    const made = await hears('yes');
    expect(made).to.include('The security room is').and.to.include('nobody has joined');
    securityRoom = decodeURIComponent(/matrix\.to\/#\/(\S+?)\. /.exec(made)?.[1] ?? '');
    await admin.waitForInvite((roomId) => roomId === securityRoom, command.instead());
    await admin.join(securityRoom);
    expect(await hears('next'))
      .to.include('simulated carrier')
      .and.to.include('new line be called');
    await clinic.bridge.restart();
    expect(await hears('next'))
      .to.include('✓ Team')
      .and.to.include('Nobody has the role on-call');
    expect(await hears(DOCTOR))
      .to.include(`${DOCTOR} has the role on-call now`)
      .and.to.include('Intensive care has no space yet');
    const report = await hears('yes');
    expect(report).to.include('The space of Intensive care is').and.to.include('✓ Unit');
    expect(report).to.match(/\d+ missing, \d+ not known, \d+ in order/);
    await doctor.waitForInvite((roomId) => roomId === command.roomId, command.instead(doctor));
    await doctor.join(command.roomId);
  });

  it('C1: policy check tells what was verified, what is declared, and what to write for the rest', async () => {
    const answer = await says('!care policy check');
    const verdicts = dataOf<{ findings: Finding[] }>(answer).findings.map(
      ({ id, status, proof }) => [id, `${status} ${proof ?? ''}`.trim()] as const,
    );
    expect(Object.fromEntries(verdicts)).to.deep.include({
      registration: 'ok verified',
      guestAccess: 'ok verified',
      roomDirectory: 'ok verified',
      limitProfileRequests: 'ok verified',
      urlPreviews: 'ok verified',
      retention: 'ok declared',
      sessionLifetimeMs: 'missing declared',
      staleDevicesMs: 'unknown',
      appPin: 'unknown',
      'security-room': 'ok verified',
      administrators: 'missing verified',
    });
    expect(bodyOf(answer)).to.include('# homeserver.yaml').and.to.include('session_lifetime: 7d');
    expect(await hears('!care policy check', doctor)).to.include('Refused');
  });

  it('B1, B2, B3: with the carrier down, a reason lets the physician in for a while; security knows at once', async () => {
    const chat = await Chat.open(clinic, nurse, command.roomId);
    await clinic.carrier.stop();
    expect(await hears(`!care break-glass ${chat.room}`, doctor)).to.include('say why');
    expect(await hears(`!care break-glass ${chat.room} test`, doctor))
      .to.include('Refused')
      .and.include('Say why');
    expect(await hears(`!care break-glass ${chat.room} ${REASON}`, nurse)).to.include('Refused');

    const typed = performance.now();
    const answer = await hears(`!care break-glass ${chat.room} ${REASON} --for ${ACCESS_S}s`, doctor);
    expect(answer)
      .to.include('You are invited to')
      .and.to.include('UNAVAILABLE now: texts by loopback')
      .and.to.include('does not decrypt what was written before');
    await securityHears('BREAK-GLASS', DOCTOR, encodeURIComponent(chat.room), REASON);
    await doctor.waitForInvite((roomId) => roomId === chat.room, command.instead(doctor));
    await doctor.join(chat.room);
    await nurse.waitForMember(chat.room, DOCTOR);
    // The devices of who joined get the key of what is written from now on.
    await nurse.send(chat.room, '!care who');
    await doctor.waitForMessage(chat.room, (event) => event.sender === BOT, command.instead(doctor, chat.room));
    expect(await hears(`!care break-glass ${chat.room} ${REASON}`, doctor)).to.include('emergency access to this room');

    await waitFor('the physician to be out', () => isOut(chat.room));
    expect(performance.now() - typed).to.be.greaterThan(ACCESS_S * 1_000);
    await securityHears('BREAK-GLASS over', DOCTOR, 'its time is over');
    expect(await hears('!care break-glass list'))
      .to.include(REASON)
      .and.to.include('by expiry');
  });

  it('B1: it ends also where the bridge was not running when the time was over; and before, by who may', async () => {
    const made = await says('!care room create Night round');
    const { room } = dataOf<{ room: string }>(made);
    expect(await hears(`!care break-glass ${room} ${REASON} --for 1h`, doctor)).to.include('You are invited to');
    await doctor.waitForInvite((roomId) => roomId === room, command.instead(doctor));
    await doctor.join(room);
    await clinic.bridge.kill9();
    expect(await isOut(room)).to.equal(false);
    endTime(room);
    await clinic.bridge.start();
    await waitFor('the physician to be out', () => isOut(room));

    expect(await hears(`!care break-glass ${room} ${REASON}`, doctor)).to.include('You are invited to');
    expect(await hears(`!care break-glass end ${room}`, doctor)).to.include('Refused');
    expect(await hears(`!care break-glass end ${room}`)).to.include(`The emergency access of ${DOCTOR} is over`);
    expect(await isOut(room)).to.equal(true);
  });
});

interface Finding {
  readonly id: string;
  readonly status: string;
  readonly proof: string | null;
}
