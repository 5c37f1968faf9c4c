/** `carebridge audit` on a real database (F1, F3, F4, G1). */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import sqlite3 from 'sqlite3';
import { runCli } from '../../../src/cli/index.ts';
import { ADMIN_PARTS } from '../../../src/cli/admin/index.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { silentLogger } from '../../../src/log.ts';
import { AUDIT_ACTIONS, type AuditAction } from '../../../src/model/audit-action.ts';
import { COMMAND_NAMES } from '../../../src/model/command-name.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { AuditKey } from '../../../src/services/audit-keys.ts';
import { beOnlyBridge } from '../../../src/storage/be-only-bridge.ts';
import { CheckpointFile } from '../../../src/storage/checkpoint-file.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { configFolder } from '../../support/config-folder.ts';
import { fhirFaults } from '../../support/fhir-validators.ts';
import { auditEntry, OTHER_KEY, rewriteFrom, signNow } from '../storage/audit-builders.ts';
import { sqliteBench } from '../storage/storage-bench.ts';

const OFFICER = '@officer:hospital.example' as UserId;
const SEED = Buffer.from('carebridge audit key of a test!!');
const KEY = new AuditKey(SEED);

describe('carebridge audit', () => {
  let path: string;
  let folder: string;

  beforeEach(async () => {
    path = await configFolder();
    folder = dirname(path);
    await writeFile(join(folder, 'secrets/audit-signing.key'), SEED.toString('base64'), { mode: 0o600 });
    await using storage = await openStorage(loadConfig(path, {}));
    for (let n = 0; n < 5; n++) await storage.audit.append(auditEntry({ id: `give-${n}`, reason: '=danger' }));
    await storage.audit.append(auditEntry({ id: 'no', action: 'command.lock', outcome: 'refused', ticket: 'T' }));
    await storage.audit.append(auditEntry({ id: 'bg', action: 'break-glass.grant', target: '@dr:hospital.test' }));
    await signNow(storage, KEY);
    await remember(storage);
  });

  /** As the bridge does when it signs. */
  async function remember(storage: Storage) {
    const { checkpointFile } = loadConfig(path, {}).audit;
    await new CheckpointFile(checkpointFile).write(await storage.auditTrail.lastCheckpoint());
  }

  async function run(...args: string[]) {
    const lines: string[] = [];
    const { signal } = new AbortController();
    const add = (line: string) => lines.push(line);
    const code = await runCli(['audit', '--config', path, ...args], { env: {}, signal, out: add, err: add });
    return { code, text: lines.join('\n') };
  }

  async function entries() {
    await using storage = await openStorage(loadConfig(path, {}));
    const rows = await storage.auditTrail.rows(0, 1_000);
    return rows.map((row) => ({ ...row, open: storage.auditTrail.open(row) }));
  }

  async function behind(...statements: string[]) {
    const file = new sqlite3.Database(join(folder, 'carebridge.db'));
    const triggers = await new Promise<{ name: string }[]>((resolve, reject) =>
      file.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'", (error, rows) =>
        error ? reject(error) : resolve(rows),
      ),
    );
    const all = [...triggers.map(({ name }) => `DROP TRIGGER ${name}`), ...statements].join(';');
    await new Promise<void>((resolve, reject) => file.exec(all, (error) => (error ? reject(error) : resolve())));
    await new Promise((resolve) => file.close(resolve));
  }

  it('verify: finds nothing wrong, says the head, and writes that it looked (F3)', async () => {
    const { code, text } = await run('verify', '--by', OFFICER);
    expect(text).to.match(/^7 rows, 1 checkpoints; signed up to row 7\.\nHead: 7:[0-9a-f]{64}\nThe log is whole\.$/);
    expect(code).to.equal(0);
    const head = /Head: (\S+)/.exec(text)?.[1] ?? '';
    const again = await run('verify', '--head', head);
    expect(again.code).to.equal(0);
    // What the first run wrote down came after the checkpoint.
    expect(again.text).to.match(
      /^The log is whole\. The rows after 7 are not signed yet: .* could not be seen here\.$/m,
    );
    const last = (await entries()).slice(-2);
    expect(last.map(({ action, actor, outcome }) => [action, actor, outcome])).to.deep.equal([
      ['audit.verify', OFFICER, 'done'],
      ['audit.verify', 'carebridge', 'done'],
    ]);
    expect(await run('verify', '--head', `7:${'0'.repeat(64)}`)).to.include({ code: 1 });
    expect(await run('verify', '--head', `100:${'0'.repeat(64)}`)).to.include({ code: 1 });
    expect((await run('verify', '--head', 'x')).text).to.match(/--head takes/);
  });

  it('verify: says where nothing is signed, as before there is a key (F1)', async () => {
    await behind('DELETE FROM audit_checkpoints');
    await rm(loadConfig(path, {}).audit.checkpointFile);
    const { code, text } = await run('verify');
    expect(text).to.match(/^The log is whole\. Nothing of it is signed: /m);
    expect(code).to.equal(0);
  });

  it('verify: names the row that was changed, exit code 1', async () => {
    await behind("UPDATE audit_log SET actor = '@somebody:else' WHERE seq = 3");
    const { code, text } = await run('verify');
    expect(text).to.match(/^Row 3 was changed: what it says does not give its hash\.$/m);
    expect(text).to.match(/NOT as it was written: 1 faults/);
    expect(code).to.equal(1);
    expect((await entries()).at(-1)).to.include({ action: 'audit.verify', outcome: 'failed' });
  });

  it('verify: a log that was rewritten together with its checkpoints is not what the host remembers (F1)', async () => {
    const config = loadConfig(path, {});
    await using storage = await openStorage(config);
    expect(await run('verify')).to.include({ code: 0 });
    await rewriteFrom(5, storage, sqliteBench(), config);
    const { code, text } = await run('verify');
    expect(text).to.match(/^Row 7 was rewritten: it has another hash than the one that was written down elsewhere\.$/m);
    expect(code).to.equal(1);
  });

  const TAMPERED: readonly (readonly [string, (file: string) => Promise<void>, RegExp])[] = [
    ['was taken away', (file) => rm(file), /audit\.checkpoint_file, which remembers the last, is not there/],
    ['holds something else', (file) => writeFile(file, '{}'), /was changed or cannot be read/],
    [
      'holds a checkpoint that nobody signed',
      async (file) => writeFile(file, (await readFile(file, 'utf8')).replace('"number":1', '"number":2')),
      /was changed or cannot be read/,
    ],
  ];
  for (const [what, tamper, words] of TAMPERED) {
    it(`verify: does not call the log whole where the file that remembers its last checkpoint ${what} (F1)`, async () => {
      await tamper(loadConfig(path, {}).audit.checkpointFile);
      const { code, text } = await run('verify');
      expect(text).to.match(words).and.not.match(/whole/);
      expect(code).to.equal(1);
      expect((await entries()).at(-1)).to.include({ action: 'audit.verify', outcome: 'failed' });
    });
  }

  it('verify: names no row where only the last checkpoints were taken away, and does not call the log whole (F1)', async () => {
    {
      await using storage = await openStorage(loadConfig(path, {}));
      await storage.audit.append(auditEntry());
      await signNow(storage, KEY);
      await remember(storage);
    }
    await behind('DELETE FROM audit_checkpoints');
    const { code, text } = await run('verify');
    expect(text)
      .to.match(/the last signed checkpoint is missing from the database/)
      .and.not.match(/whole|Row/);
    expect(code).to.equal(1);
  });

  it('trust: who takes the database’s last checkpoint for the one to go on from is on record; not while the bridge runs (F1)', async () => {
    const config = loadConfig(path, {});
    const words = ['trust', '--by', OFFICER, '--reason', 'backup of Sunday restored'];
    const bridge = await beOnlyBridge(config.database, silentLogger);
    const running = await run(...words);
    expect(running.text).to.match(/Another Carebridge/i);
    expect(running.code).to.equal(1);
    await bridge[Symbol.asyncDispose]();
    expect((await run('trust', '--by', OFFICER)).text).to.match(/--reason is missing/);
    const memory = new CheckpointFile(config.audit.checkpointFile);
    await memory.write(undefined);
    const trusted = await run(...words);
    expect(trusted.code, trusted.text).to.equal(0);
    expect(trusted.text).to.match(/^The next checkpoint follows the last in the database\./);
    expect(await memory.read()).to.include({ number: 1, seq: 7, keyId: KEY.keyId });
    const entry = (await entries()).at(-1);
    expect(entry).to.include({ action: 'audit.trust', actor: OFFICER });
    expect(entry?.open).to.include({ reason: 'backup of Sunday restored', before: 'no checkpoint' });
    await behind("UPDATE audit_log SET actor = '@somebody:else' WHERE seq = 3");
    const changed = await run(...words);
    expect(changed.text).to.match(
      /NOT as it was written: 1 faults, which carebridge audit verify names\. Nothing was changed/,
    );
    expect(changed.code).to.equal(1);
  });

  it('verify: takes the public key of an earlier key', async () => {
    await using storage = await openStorage(loadConfig(path, {}));
    await storage.audit.append(auditEntry());
    await signNow(storage, OTHER_KEY);
    await remember(storage);
    expect(await run('verify')).to.include({ code: 1 });
    await writeFile(join(folder, 'old.pem'), OTHER_KEY.pem);
    expect(await run('verify', '--public-key', join(folder, 'old.pem'))).to.include({ code: 0 });
    expect((await run('public-key')).text).to.equal(KEY.pem.trim());
    expect((await run('verify', '--public-key', path)).text).to.match(/does not hold an Ed25519 public key/);
  });

  for (const format of ['jsonl', 'csv', 'fhir'] as const) {
    it(`export ${format}: carries hash, source event and signature; one changed byte is found anywhere (G1, F3)`, async function () {
      this.timeout(30_000);
      const out = join(folder, 'export');
      const { code, text } = await run(
        'export',
        '--format',
        format,
        '--out',
        out,
        '--by',
        OFFICER,
        '--reason',
        'audit 7',
      );
      expect(code, text).to.equal(0);
      expect(text).to.match(/^8 entries in /);
      for (const file of [out, `${out}.manifest`]) expect((await stat(file)).mode & 0o777).to.equal(0o600);
      const bytes = await readFile(out);
      const manifest = await readFile(`${out}.manifest`);
      const all = await entries();
      for (const { hash, sourceEvent, action } of all.slice(0, 8)) {
        expect(bytes.includes(hash)).to.equal(true);
        expect(
          manifest.includes(`"hash":"${hash}"${sourceEvent === null ? '' : `,"sourceEvent":"${sourceEvent}"`}`),
        ).to.equal(true);
        expect(action).not.to.equal('audit.exported');
      }
      expect(all.slice(-2).map(({ action, actor, open }) => [action, actor, open.reason])).to.deep.equal([
        ['audit.export', OFFICER, 'audit 7'],
        ['audit.exported', OFFICER, 'audit 7'],
      ]);
      const lines = bytes.toString().trimEnd().split('\n');
      if (format === 'fhir') for (const line of lines) expect(fhirFaults(JSON.parse(line))).to.deep.equal([]);
      if (format === 'jsonl') expect(JSON.parse(lines[0] ?? '')).to.deep.include({ reason: '=danger', seq: 1 });
      if (format === 'csv') expect(lines[1]).to.include(`"'=danger"`);
      expect(await run('verify-export', '--out', out)).to.deep.include({ code: 0 });
      for (const [file, content] of [
        [out, bytes],
        [`${out}.manifest`, manifest],
      ] as const) {
        const step = Math.max(1, Math.floor(content.length / 25));
        const places = Array.from({ length: 25 }, (_none, n) => n * step).concat(
          content.length - 1,
          content.length - 5,
        );
        for (const at of places) {
          const changed = Buffer.from(content);
          changed[at] = (changed[at] ?? 0) ^ 1;
          await writeFile(file, changed);
          const found = await run('verify-export', '--out', out);
          expect(found.code, `${file} ${at}`).to.equal(1);
        }
        await writeFile(file, content.subarray(0, -1));
        expect((await run('verify-export', '--out', out)).code, `${file} cut`).to.equal(1);
        await writeFile(file, content);
      }
      await writeFile(join(folder, 'public.pem'), KEY.pem);
      const elsewhere = ['--public-key', join(folder, 'public.pem'), '--config', join(folder, 'none.yaml')];
      expect(await run('verify-export', '--out', out, ...elsewhere)).to.include({ code: 0 });
      const again = await run('export', '--format', format, '--out', out, '--by', OFFICER);
      expect(again).to.deep.include({ code: 1 });
      expect(again.text).to.match(/is there already/);
      await rm(out);
      expect((await run('verify-export', '--out', out)).text).to.match(/cannot be read/);
    });
  }

  it('export fhir: an entry of every action, however it ended, is a valid R4 AuditEvent', async function () {
    this.timeout(120_000);
    const commands = [...COMMAND_NAMES, 'confirm', 'cancel', 'help', 'unknown'];
    const actions: readonly AuditAction[] = [
      ...AUDIT_ACTIONS,
      ...commands.map((name) => `command.${name.replaceAll(' ', '.')}` as const),
      ...ADMIN_PARTS.map(({ name }) => `admin.${name}` as const),
    ];
    await using storage = await openStorage(loadConfig(path, {}));
    await storage.transactions.run(async () => {
      for (const action of actions) {
        for (const outcome of ['done', 'refused', 'failed', 'partial'] as const)
          await storage.audit.append(auditEntry({ action, outcome, details: { ip: '192.0.2.7' } }));
        const id = `least:${action}`;
        await storage.audit.append({ id, action, actor: 'carebridge', outcome: 'done', trace: 't' });
      }
    });
    const out = join(folder, 'all.ndjson');
    expect(await run('export', '--format', 'fhir', '--out', out, '--by', OFFICER)).to.include({ code: 0 });
    const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
    expect(lines.length).to.be.greaterThan(actions.length * 5);
    for (const line of lines) expect(fhirFaults(JSON.parse(line)), line).to.deep.equal([]);
  });

  it('export: filters, asks who asks, and leaves nothing behind where it fails', async () => {
    const out = join(folder, 'some');
    const day = new Date().toISOString().slice(0, 10);
    const { text } = await run(
      'export',
      '--out',
      out,
      '--by',
      OFFICER,
      '--user',
      '@dr:hospital.test',
      '--from',
      day,
      '--to',
      day,
    );
    expect(text).to.match(/^1 entries/);
    for (const [args, words] of [
      [['--out', `${out}2`], /--by is missing/],
      [['--out', `${out}2`, '--by', 'officer'], /takes a Matrix user id/],
      [['--by', OFFICER], /--out is missing/],
      [['--out', `${out}2`, '--by', OFFICER, '--format', 'pdf'], /one of jsonl, csv, fhir/],
      [['--out', `${out}2`, '--by', OFFICER, '--from', 'yesterday'], /--from takes a day/],
    ] as const) {
      expect((await run('export', ...args)).text).to.match(words);
    }
    // A row that cannot be decrypted: half an export would look like a whole one.
    await behind("UPDATE audit_log SET content = '1.00000000.AAAA' WHERE seq = 4");
    expect(await run('export', '--out', `${out}2`, '--by', OFFICER)).to.include({ code: 1 });
    expect(await stat(`${out}2`).catch(() => 'gone')).to.equal('gone');
    expect(await stat(`${out}2.manifest`).catch(() => 'gone')).to.equal('gone');
  });

  it('report: counts by action, actor and outcome, lists refusals, break-glass and exports, and records the review (F4)', async () => {
    {
      await using storage = await openStorage(loadConfig(path, {}));
      const about = { action: 'archive.export', actor: OFFICER, target: 'conversation-7', reason: 'subpoena' } as const;
      await storage.audit.append(auditEntry({ id: 'archive', ...about }));
    }
    await run('export', '--out', join(folder, 'x'), '--by', OFFICER);
    const period = ['--from', '2020-01-01', '--to', '2099-12-31'];
    const first = await run('report', ...period, '--by', OFFICER);
    expect(first.code, first.text).to.equal(0);
    for (const words of [
      /^Activity review 2020-01-01T00:00:00\.000Z to 2100-01-01T00:00:00\.000Z: 11 entries$/m,
      /^This period was not reviewed before\.$/m,
      /^ +5 {2}role\.give$/m,
      /^ +7 {2}@admin:hospital\.test$/m,
      /^ +1 {2}refused$/m,
      /^Refused: 1$/m,
      /^Emergency access: 1\n {2}7 .*@dr:hospital\.test/m,
      /^Exports of the log and of the archive: 2\n {2}8 .*@officer:hospital\.example {2}archive\.export .*conversation-7.*subpoena\n {2}9 .*audit\.export {2}done$/m,
      /with --reviewed/,
    ])
      expect(first.text).to.match(words);
    const second = await run('report', ...period, '--by', OFFICER, '--reviewed', '--reason', 'nothing unusual');
    expect(second.text).to.match(/Recorded: reviewed by @officer:hospital\.example on 20/);
    const review = (await entries()).at(-1);
    expect(review).to.include({ action: 'audit.review', actor: OFFICER });
    expect(review?.open).to.deep.include({ reason: 'nothing unusual' });
    expect(review?.open.details).to.include({ entries: 12, refused: 1, emergencies: 1, exports: 2 });
    const third = await run('report', '--from', '2026-01-01', '--to', '2026-12-31', '--by', OFFICER);
    expect(third.text).to.match(/^Last reviewed by @officer:hospital\.example on 20/m);
    expect((await run('report', '--from', '2026-02-01', '--to', '2026-01-01', '--by', OFFICER)).text).to.match(
      /earlier/,
    );
  });

  it('says what to do where the words are others', async () => {
    expect((await run('delete')).text).to.match(/Say what to do/);
    expect((await run()).code).to.equal(1);
  });
});
