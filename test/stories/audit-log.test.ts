/** The audit log of a running bridge, through the command room and the command line on the same database, and after the bridge was stopped (F1 to F7, G1). */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { auditHash, type AuditRow } from '../../src/model/audit-chain.ts';
import type { AuditItem } from '../../src/services/audit-item.ts';
import { BOT, Chat } from '../e2e/support/chat.ts';
import { query } from '../e2e/support/database.ts';
import { runCarebridge, type EndedRun } from '../e2e/support/run-carebridge.ts';
import { callAs, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom } from './support/command-room.ts';
import { hearsOf, makeSecurityRoom } from './support/security-room.ts';

/** In the place of the built-in words. */
const WARNING =
  '{practice}: texts are not private: others may read them. Reply YES to agree. Msg frequency varies. Msg & data rates may apply. HELP for help, STOP to end.';
const TEMP = '@temp:hospital.test';

describe('the audit log', function () {
  this.timeout(300_000);
  let clinic: Clinic;
  let commandRoom: CommandRoom;
  let securityRoom: string;
  let admin: Nurse;
  let nurse: Nurse;
  /** Of whoever is offboarded. */
  let device: string;
  /** On which the story began. */
  const firstDay = today();
  /** As it was posted to the security room. */
  let head: string;

  before(async function () {
    clinic = await startTestClinic(this, {
      accountControl: true,
      config: {
        audit: { signing_key: randomBytes(32).toString('base64'), sign_every: '1s' },
        retention: { wipe_after: '0' },
        roles: [{ id: 'ward', permissions: ['use-commands'], classes: ['phi'] }],
      },
    });
    const token = await clinic.synapse.accessToken(await clinic.synapse.registerUser('temp'));
    const who = `${clinic.synapse.url}/_matrix/client/v3/account/whoami`;
    const answer = await fetch(who, { headers: { authorization: `Bearer ${token}` } });
    ({ device_id: device } = (await answer.json()) as { device_id: string });
    [admin, nurse] = [await clinic.login('admin'), await clinic.login('nurse')];
    commandRoom = await CommandRoom.join(clinic, admin, nurse);
    securityRoom = await makeSecurityRoom(commandRoom, admin);
    await waitFor('the homeserver to have written down from where the device was used', () => {
      const database = new DatabaseSync(join(clinic.synapse.configDir, 'homeserver.db'), {
        readOnly: true,
        timeout: 10_000,
      });
      try {
        return database.prepare('SELECT ip FROM devices WHERE device_id = ?').get(device)?.['ip'];
      } finally {
        database.close();
      }
    });
  });

  after(async () => {
    await clinic?.close();
  });

  /** Beside the bridge, which may be writing. */
  const openDatabase = () => new DatabaseSync(join(clinic.directory, 'carebridge.db'), { timeout: 10_000 });

  const audit = (...words: string[]): Promise<EndedRun> =>
    runCarebridge(['audit', ...words, '--config', clinic.configPath], 120_000);

  let exports = 0;

  /** What `audit export` gives now. */
  async function exported(): Promise<AuditItem[]> {
    const path = join(clinic.directory, `export-${++exports}.jsonl`);
    const { code, output } = await audit('export', '--out', path, '--by', admin.userId, '--reason', 'quarterly review');
    expect(code, output).to.equal(0);
    expect((await audit('verify-export', '--out', path)).code).to.equal(0);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as AuditItem);
  }

  it('F1, F2, F5: every command is on record, refused ones too, with before, after, reason, ticket and what expires elsewhere', async () => {
    const refused = await commandRoom.says(`!care offboard ${TEMP} because`, nurse);
    expect(bodyOf(refused)).to.match(/^Refused/);
    await commandRoom.hears(`role give ${TEMP} ward night shift --ticket HR-1`);
    // The role asks them into this room: what offboarding would do is another thing before and after.
    await waitFor(`${TEMP} to be invited`, async () => {
      const state = roomPath(commandRoom.roomId, `/state/m.room.member/${TEMP}`);
      const member = await callAs(clinic, BOT, 'GET', state).catch(() => undefined);
      return member?.['membership'] === 'invite';
    });
    await commandRoom.confirmed(`offboard ${TEMP} left the hospital --ticket HR-2`);
    await hearsOf(clinic, admin, commandRoom.roomId, `${TEMP} is offboarded.`);

    const items = (await exported()).filter(({ target }) => target === TEMP);
    const one = (action: string, step?: string) =>
      items.find((item) => item.action === action && (item.details as { step?: string } | undefined)?.step === step)!;
    expect(one('command.offboard', 'refused')).to.include({ actor: nurse.userId, outcome: 'refused' });
    expect(one('command.offboard', 'refused')).to.include({ roomId: commandRoom.roomId });
    expect(one('command.role.give', 'ended')).to.include({ actor: admin.userId, ticket: 'HR-1' });
    expect(one('command.role.give', 'ended')).to.include({ reason: 'night shift', outcome: 'done' });
    const begun = one('account.offboard', 'begun');
    expect(begun).to.include({ actor: admin.userId, reason: 'left the hospital', ticket: 'HR-2' });
    expect(begun.sourceEvent).to.match(/^\$/);
    expect(begun.before).to.deep.include({ locked: false });
    // The device is gone at the homeserver; what it was, and from where it was used, stays.
    const { devices } = begun.before as { devices: { deviceId: string; ip?: string }[] };
    expect(devices.map(({ deviceId, ip }) => ({ deviceId, ip }))).to.deep.equal([
      { deviceId: device, ip: '127.0.0.1' },
    ]);
    expect(one('account.offboard', 'ended')).to.include({ outcome: 'done' });
  });

  it('F3: that the log was read or exported is in it, with who and why', async () => {
    const found = (await exported()).filter(({ action }) => action === 'audit.export');
    expect(found[0]).to.include({ actor: admin.userId, reason: 'quarterly review', outcome: 'done' });
    await admin.send(commandRoom.roomId, '!care access review');
    await hearsOf(clinic, admin, commandRoom.roomId, 'governed rooms: the file says');
    const rows = await query(clinic, "SELECT actor FROM audit_log WHERE action = 'command.access.review'");
    expect(new Set(rows)).to.deep.equal(new Set([admin.userId]));
  });

  it('G1: one byte of an export that was changed, in the file or in its manifest, is found and named', async () => {
    await exported();
    const out = join(clinic.directory, `export-${exports}.jsonl`);
    const [file, manifest] = [await readFile(out), await readFile(`${out}.manifest`)];
    const changed = (bytes: Buffer, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1);
    const third = file.indexOf('"actor":"', file.indexOf('\n', file.indexOf('\n') + 1)) + '"actor":"@'.length;
    await writeFile(out, changed(file, third));
    const found = await audit('verify-export', '--out', out);
    expect(found.output)
      .to.match(/^Line 3 \(entry 3\) was changed\.$/m)
      .and.to.include('NOT as it was written');
    expect(found.code).to.equal(1);
    await writeFile(out, file);
    await writeFile(`${out}.manifest`, changed(manifest, manifest.indexOf('"by":"') + '"by":"@'.length));
    const forged = await audit('verify-export', '--out', out);
    expect(forged.output).to.include('The manifest was changed: its signature is wrong.');
    expect(forged.code).to.equal(1);
  });

  it('F4: the activity report counts what happened, and records who reviewed it', async () => {
    const period = ['--from', firstDay, '--to', today(), '--by', admin.userId];
    const first = await audit('report', ...period, '--reviewed', '--reason', 'one refusal looked into');
    expect(first.output).to.include('This period was not reviewed before.').and.include('account.offboard');
    expect(first.output).to.include(`Recorded: reviewed by ${admin.userId}`);
    expect(first.output)
      .to.match(/Refused: \d+/)
      .and.include(nurse.userId);
    expect((await audit('report', ...period)).output).to.include(`Last reviewed by ${admin.userId}`);
  });

  it('F1: the head that was posted to the security room is what verify --head takes; no other', async () => {
    await Chat.open(clinic, nurse, commandRoom.roomId);
    const posted = bodyOf(await hearsOf(clinic, admin, securityRoom, 'Audit log signed: '));
    [, head = ''] = /Head (\d+:[0-9a-f]{64}) /.exec(posted) ?? [];
    const good = await audit('verify', '--head', head);
    expect(good.code, good.output).to.equal(0);
    expect(good.output)
      .to.include('The log is whole.')
      .and.match(/signed up to row [1-9]/);
    const other = head.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    expect((await audit('verify', '--head', other)).code).to.equal(1);
  });

  it('F6: the sweep wipes what was said and carried, and leaves the audit log alone', async () => {
    const [wiped] = await query(clinic, 'SELECT count(*) FROM notices WHERE content IS NULL');
    expect(Number(wiped)).to.be.greaterThan(0);
    const [empty] = await query(
      clinic,
      "SELECT count(*) FROM audit_log WHERE action = 'account.offboard' AND content IS NULL",
    );
    expect(Number(empty)).to.equal(0);
    const [gaps] = await query(clinic, 'SELECT max(seq) - count(*) FROM audit_log');
    expect(Number(gaps)).to.equal(0);
  });

  it('F7: the texts, the retention and the roles of any day are shown, and each new version is in the audit log', async () => {
    const before = new Date().toISOString();
    const shown = await commandRoom.hears('policy show consent-texts');
    expect(shown).to.match(/^consent-texts, version 1 of 1, in effect since \S+Z\. SHA-256 [0-9a-f]{64}\n/);
    const config = JSON.parse(await readFile(clinic.configPath, 'utf8')) as Record<string, object>;
    const consent = { warning: WARNING, wording_version: '2027-01' };
    const roles = [{ id: 'ward', permissions: ['use-commands', 'view-roles'], classes: ['phi'] }];
    const changed = { ...config, consent, roles, retention: { wipe_after: '1h' } };
    await clinic.bridge.stop();
    await writeFile(clinic.configPath, JSON.stringify(changed));
    await clinic.bridge.start();
    const now = await commandRoom.hears('policy show consent-texts');
    expect(now)
      .to.match(/^consent-texts, version 2 of 2, /)
      .and.to.include(WARNING.replaceAll('{practice}', 'Mercy Clinic'));
    expect(await commandRoom.hears('policy show retention')).to.include('"wipeAfterMs": 3600000');
    expect(await commandRoom.hears('policy show roles')).to.match(/^roles, version 2 of 2, /);
    const then = async (document: string) => await commandRoom.hears(`policy show ${document} --at ${before}`);
    // The same words and hash as on that day; only, now they have an end.
    const [head = '', ...rest] = (await then('consent-texts')).split('\n');
    expect(head).to.match(/^consent-texts, version 1 of 2, in effect since \S+Z until \S+Z\. SHA-256 /);
    expect(rest.join('\n')).to.equal(shown.slice(shown.indexOf('\n') + 1));
    expect(await then('retention'))
      .to.match(/^retention, version 1 of 2, /)
      .and.to.include('"wipeAfterMs": 0');
    expect(await then('phi-classes')).to.match(/^phi-classes, version 1 of 1, /);
    expect(await commandRoom.hears(`role list --at ${before}`)).to.include('by role table 1');
    expect(await commandRoom.hears('policy show roles --at 2020-01-01')).to.include(
      'No version of roles was in effect then',
    );

    const items = await exported();
    const changes = items.filter(({ action, target }) => action === 'policy.change' && target === 'consent-texts');
    const hashOf = (text: string) => /SHA-256 ([0-9a-f]{64})/.exec(text)?.[1];
    expect(changes.map(({ actor, cause, after }) => [actor, cause, after])).to.deep.equal(
      [shown, now].map((text, index) => ['carebridge', 'configuration', { version: index + 1, hash: hashOf(text) }]),
    );
    const reads = items.filter(({ action }) => action === 'command.policy.show');
    expect(new Set(reads.map(({ actor }) => actor))).to.deep.equal(new Set([admin.userId]));
    const database = openDatabase();
    expect(() => database.exec('DELETE FROM policy_versions')).to.throw('append-only');
    database.close();
  });

  it('F1: one byte that was changed while the bridge was stopped is found, and named', async () => {
    await clinic.bridge.stop();
    const [seq = ''] = await query(
      clinic,
      "SELECT seq FROM audit_log WHERE action = 'account.offboard' ORDER BY seq LIMIT 1",
    );
    const database = openDatabase();
    const change = 'UPDATE audit_log SET actor = ? WHERE seq = ?';
    const byte = admin.userId.replace('a', 'b');
    expect(() => database.prepare(change).run(byte, seq)).to.throw('append-only');
    for (const { name } of database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all())
      database.exec(`DROP TRIGGER ${String(name)}`);
    database.prepare(change).run(byte, seq);
    database.close();
    const { code, output } = await audit('verify', '--head', head);
    expect(code).to.equal(1);
    expect(output).to.include(`Row ${seq} `).and.include('NOT as it was written');
  });

  it('F1: the running bridge does not sign a log that was rewritten with its checkpoints, and tells the security room', async () => {
    await clinic.bridge.start();
    // Only then it is certain that no checkpoint is being written at this moment.
    const unsigned = 'SELECT (SELECT max(seq) FROM audit_log) - (SELECT max(seq) FROM audit_checkpoints)';
    await waitFor('all to be signed', async () => Number((await query(clinic, unsigned))[0]) === 0);
    const database = openDatabase();
    database.exec('BEGIN IMMEDIATE');
    const last = database.prepare('SELECT number, seq FROM audit_checkpoints ORDER BY number DESC LIMIT 1').get()!;
    const { number, seq } = last as { number: number; seq: number };
    database.prepare('DELETE FROM audit_checkpoints WHERE number = ?').run(number);
    const rewrite = database.prepare('UPDATE audit_log SET actor = ?, prev_hash = ?, hash = ? WHERE seq = ?');
    const columns = '*, room_id AS roomId, source_event AS sourceEvent, prev_hash AS prevHash';
    const rows = database.prepare(`SELECT ${columns} FROM audit_log WHERE seq >= ? ORDER BY seq`).all(seq);
    let prevHash: string | undefined;
    for (const row of rows as unknown as readonly AuditRow[]) {
      const forged = { ...row, actor: TEMP, prevHash: prevHash ?? row.prevHash };
      prevHash = auditHash(forged);
      rewrite.run(forged.actor, forged.prevHash, prevHash, row.seq);
    }
    database.exec('COMMIT');
    database.close();
    const alarm = bodyOf(await hearsOf(clinic, admin, securityRoom, 'The audit log may have been rewritten: '));
    expect(alarm)
      .to.include('Nothing is signed until somebody looks into it.')
      .and.to.include('carebridge audit trust');
    const [newest] = await query(clinic, 'SELECT max(number) FROM audit_checkpoints');
    expect(Number(newest)).to.equal(number - 1);
    const { code, output } = await audit('verify');
    expect(code).to.equal(1);
    expect(output).to.include(
      `Row ${seq} was rewritten: it has another hash than the one that was written down elsewhere.`,
    );
  });
});

/** The date in UTC. */
function today(): string {
  return new Date().toISOString().slice(0, 10);
}
