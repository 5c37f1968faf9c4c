import { expect } from 'chai';
import { auditHash, GENESIS, type AuditRow } from '../../../src/model/audit-chain.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { AuditPublicKeys } from '../../../src/services/audit-keys.ts';
import { ExportAudit } from '../../../src/services/export-audit.ts';
import { verifyExport } from '../../../src/services/verify-export.ts';
import { KEY, OTHER_KEY } from '../../integration/storage/audit-builders.ts';

function row(seq: number): AuditRow {
  const unhashed = {
    seq,
    id: `id-${seq}`,
    at: 1_790_000_000_000,
    action: 'role.give',
    actor: '@a:b',
    outcome: 'done',
    target: null,
    roomId: '!r',
    sourceEvent: '$e',
    cause: null,
    content: null,
    trace: 't',
    prevHash: GENESIS,
  };
  return { ...unhashed, hash: auditHash(unhashed) };
}

/** An export of two entries, one with a character that wrong bytes are read as. */
async function exported(format: 'jsonl' | 'csv' | 'fhir') {
  const [lines, manifest]: [string[], string[]] = [[], []];
  const appended: string[] = [];
  const rows = [row(1), row(2)];
  await new ExportAudit({
    log: { append: async ({ action }) => void appended.push(`${action} at line ${lines.length}`) },
    trail: {
      rows: async (after: number) => rows.filter(({ seq }) => seq > after),
      find: async () => undefined,
      head: async () => ({ seq: 2, hash: rows[1]?.hash ?? '' }),
      open: () => ({ reason: 'odd \ufffd' }),
      writtenAt: async () => 1,
      checkpoints: async () => [],
      lastCheckpoint: async () => undefined,
      addCheckpoint: async () => true,
    },
    signer: KEY,
  }).run({
    format,
    filter: {},
    by: '@officer:b' as UserId,
    reason: undefined,
    details: {},
    writeLine: async (line) => void lines.push(`${line}\n`),
    writeManifest: async (line) => void manifest.push(`${line}\n`),
  });
  return { file: Buffer.from(lines.join('')), manifest: Buffer.from(manifest.join('')), appended };
}

async function* linesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(10, from);
    const until = end === -1 ? bytes.length : end + 1;
    yield bytes.subarray(from, until);
    from = until;
  }
}

const problems = (file: Buffer, manifest: Buffer, key = KEY) =>
  verifyExport({
    lines: linesOf(file),
    manifest: linesOf(manifest),
    verifier: new AuditPublicKeys([key.publicKey]),
  });

describe('exports of the audit log', () => {
  for (const format of ['jsonl', 'csv', 'fhir'] as const) {
    it(`${format}: every single byte that is changed, added or taken away is found, in the file and in the manifest (G1)`, async function () {
      this.timeout(30_000);
      const { file, manifest, appended } = await exported(format);
      expect(appended).to.deep.equal(['audit.export at line 0', `audit.exported at line ${format === 'csv' ? 3 : 2}`]);
      expect(await problems(file, manifest)).to.deep.equal([]);
      for (const which of ['file', 'manifest'] as const) {
        const content = which === 'file' ? file : manifest;
        for (let at = 0; at < content.length; at++) {
          const flipped = Buffer.from(content);
          flipped[at] = (flipped[at] ?? 0) ^ 1;
          const shorter = Buffer.concat([content.subarray(0, at), content.subarray(at + 1)]);
          for (const changed of [flipped, shorter]) {
            const found = which === 'file' ? await problems(changed, manifest) : await problems(file, changed);
            expect(found, `${which} ${at}`).not.to.deep.equal([]);
          }
        }
      }
    });
  }

  it('names the line and the entry, lines too many, another key, and an export that broke off', async () => {
    const { file, manifest } = await exported('jsonl');
    const changed = Buffer.from(file);
    changed[changed.indexOf('id-2')] = 65;
    expect((await problems(changed, manifest))[0]).to.equal('Line 2 (entry 2) was changed.');
    expect((await problems(file.subarray(0, file.indexOf(10) + 1), manifest))[0]).to.equal(
      'Line 2 (entry 2) is missing in the file.',
    );
    expect((await problems(Buffer.concat([file, file]), manifest))[0]).to.equal('Line 3 is not in the manifest.');
    expect((await problems(file, manifest, OTHER_KEY))[0]).to.match(/not among those given/);
    const cut = manifest.subarray(0, manifest.indexOf('{"signature"'));
    expect(await problems(file, cut)).to.deep.equal(['The manifest has no end: the export broke off, or it was cut.']);
  });
});
