/** What `carebridge doctor` says of the archive, on real files (G2). */
import { chmod, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../../../src/cli/index.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { openArchive } from '../../../src/storage/archive/open-archive.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { configFolder, MINIMAL, TEST_KEY } from '../../support/config-folder.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';
import { said } from '../storage/builders.ts';
import { sqliteBench } from '../storage/storage-bench.ts';

describe('carebridge doctor on the archive (G2)', () => {
  let path: string;
  const inFolder = (name: string) => join(dirname(path), name);

  const run = async (...words: string[]): Promise<string[]> => {
    const lines: string[] = [];
    const out = (line: string) => void lines.push(line);
    const { signal } = new AbortController();
    await runCli([...words, '--config', path], { env: {}, signal, out, err: out });
    return lines;
  };
  const ofArchive = async () => (await run('doctor')).filter((line) => /archive/.test(line)).join('\n');
  const verify = () => run('archive', 'verify', '--by', '@admin:hospital.example');

  /** The database, and an archive with three records. */
  const start = async () => {
    const config = loadConfig(path, {});
    await (await openStorage(config)).close();
    await using archive = await openArchive(config.archive);
    await archive!.append([said(1), said(2), said(3)]);
  };
  /** Changes the archive as somebody would who wants it not to be seen. */
  const tamper = async (sql: string) => {
    const { database, keys = [] } = loadConfig(path, {}).archive;
    const asStorage = { database, secrets: { phiKeys: keys }, retention: { wipeAfterMs: 0 } };
    const triggers = await sqliteBench().sql(asStorage, "SELECT name FROM sqlite_master WHERE type = 'trigger'");
    for (const name of triggers) await sqliteBench().sql(asStorage, `DROP TRIGGER ${name}`);
    await sqliteBench().sql(asStorage, sql);
  };

  beforeEach(async () => {
    path = await configFolder(MINIMAL.replace('homeserver:', 'homeserver:\n  url: http://127.0.0.1:9'));
    await run('register');
  });

  it('finds nothing wrong before the first start, nor while it is in use', async () => {
    expect(await ofArchive()).to.match(/^ok {4}open the archive .*it is not there yet; the first start makes it$/);
    await start();
    const text = await ofArchive();
    expect(text).not.to.match(/warn|FAIL/);
    expect(text)
      .to.match(/open the archive .* schema version \d+/)
      .and.to.match(/write into the archive .*can be written/);
    expect(text)
      .to.match(/with archive\.key .*we have all/)
      .and.to.match(/end of the archive .*never verified/);
    await verify();
    expect(await ofArchive()).to.match(/ok {4}compare the end of the archive .*as verified up to row 3/);
  });

  it('warns where nothing is archived', async () => {
    await rm(inFolder('secrets/archive.key'));
    expect(await ofArchive()).to.match(
      /^warn {2}open the archive .*nothing is archived ; fix: run carebridge register/,
    );
  });

  it('finds that the key is gone, or another', async () => {
    await start();
    await writeFile(inFolder('secrets/archive.key'), TEST_KEY, { mode: 0o600 });
    expect(await ofArchive()).to.match(/FAIL {2}compare its PHI keys with archive\.key .*we lack [0-9a-f]{8} ; fix: /);
    await rm(inFolder('secrets/archive.key'));
    expect(await ofArchive()).to.match(
      /FAIL {2}open the archive .*no archive\.key ; fix: restore secrets\/archive\.key/,
    );
  });

  it('warns that the archive is gone, since the next start would begin an empty one', async () => {
    await start();
    for (const end of ['', '-wal', '-shm']) await rm(inFolder(`archive.db${end}`), { force: true });
    expect(await ofArchive()).to.match(/warn {2}open the archive .*not there, but the database is ; fix: .*restore it/);
  });

  it('finds that its end was changed, cut off, or is not what was verified', async () => {
    await start();
    await verify();
    await tamper("UPDATE archive_records SET sender = '@other:hospital.example' WHERE seq = 3");
    expect(await ofArchive()).to.match(
      /FAIL {2}compare the end .*row 3, the last, was changed ; fix: .*archive verify/,
    );
    await tamper('DELETE FROM archive_records WHERE seq = 3');
    expect(await ofArchive()).to.match(/FAIL {2}compare the end .*row 3, the last when it was verified, is missing/);
    await using archive = await openArchive(loadConfig(path, {}).archive);
    await archive!.append([said(4)]);
    expect(await ofArchive()).to.match(/FAIL {2}compare the end .*row 3 is not the one that was the last/);
  });

  it('finds that others may read it', async () => {
    await start();
    await chmod(inFolder('archive.db'), 0o644);
    expect(await ofArchive()).to.match(/warn {2}see who may read the archive .*fix: run chmod 600/);
  });

  describe('and its disk', () => {
    let disk: SmallDisk;
    before(async function () {
      disk = await mountSmallDisk(this, 2);
    });
    after(() => disk?.[Symbol.asyncDispose]());

    it('finds that it is nearly full, and that it cannot be written', async () => {
      const onDisk = MINIMAL.replace('homeserver:', 'homeserver:\n  url: http://127.0.0.1:9');
      await writeFile(path, `${onDisk}archive: { path: ${disk.path}/archive.db }\n`);
      await start();
      expect((await run('doctor')).join('\n'))
        .to.include(`room is left at ${disk.path}  -> `)
        .and.to.match(/FAIL.*make room/);
      await disk.protect(async () => {
        expect(await ofArchive()).to.match(
          /FAIL {2}open the archive .*does not open ; fix: .*archive\.path cannot be written/,
        );
      });
    });
  });
});
