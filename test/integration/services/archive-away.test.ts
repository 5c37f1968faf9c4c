/** The archive on its own disk, real files: what cannot be archived waits, and `/ready` says so (G2). */
import { join } from 'node:path';
import { expect } from 'chai';
import { silentLogger } from '../../../src/log.ts';
import { ArchiveMessages, type ArchiveMessagesParts } from '../../../src/services/archive-messages.ts';
import type { MessageArchive } from '../../../src/ports/message-archive.ts';
import { openArchive } from '../../../src/storage/archive/open-archive.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';
import { waitFor } from '../../support/wait-for.ts';
import { said } from '../storage/builders.ts';
import { newPhiKey, sqliteBench } from '../storage/storage-bench.ts';
import { storageForEach } from '../storage/storage-for-each.ts';

describe('whether what is said gets into the archive (G2)', () => {
  const use = storageForEach(sqliteBench());
  let disk: SmallDisk;
  let archive: MessageArchive;
  let archiving: ArchiveMessages;

  before(async function () {
    disk = await mountSmallDisk(this, 2);
  });
  after(() => disk?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    const path = join(disk.path, `${newPhiKey().id}.db`);
    archive = (await openArchive({ database: { dialect: 'sqlite', path }, keys: [newPhiKey()] }))!;
    archiving = start();
  });
  afterEach(async () => {
    await archiving.stop();
    await archive[Symbol.asyncDispose]();
  });

  const start = (timing: Partial<ArchiveMessagesParts> = {}) => {
    const { archiveQueue } = use.storage;
    const notifier = { tellAdmins: async () => undefined };
    return new ArchiveMessages({
      archiveQueue,
      archive,
      notifier,
      log: silentLogger,
      collectMs: 1,
      retryMs: 20,
      ...timing,
    });
  };
  const waiting = async () => (await use.storage.archiveQueue.depth(Date.now())).waiting;
  const isArchived = async () => (await waiting()) === 0;

  it('is well while it does', async () => {
    await use.storage.archiveQueue.add(said(1));
    archiving.wake();
    await waitFor('it to be archived', isArchived);
    expect(await archiving.problem()).to.equal(undefined);
  });

  it('is a problem on a full disk until there is room; all of it is then archived', async () => {
    await disk.fill(async () => {
      for (let n = 1; n <= 20; n++)
        await use.storage.archiveQueue.add(said(n, { content: { body: 'long '.repeat(5_000) } }));
      archiving.wake();
      await waitFor('it to be noticed', async () => (await archiving.problem()) !== undefined);
      expect(await archiving.problem()).to.match(/SQLITE_FULL.*: the disk is full\. Make room\./);
      expect(await waiting()).to.equal(20);
    });
    await waitFor('it to be archived', isArchived);
    expect(await archiving.problem()).to.equal(undefined);
    expect((await archive.head())?.seq).to.equal(20);
  });

  it('is a problem where it has waited for too long, whatever the reason', async () => {
    const stuck = start({ lateAfterMs: 30 });
    await use.storage.archiveQueue.add(said(1));
    await waitFor('it to be late', async () => (await stuck.problem()) !== undefined);
    expect(await stuck.problem()).to.match(/^What was said \d+ s ago is not archived yet \(waiting in all: 1\)/);
  });

  it('is a problem once the archive is closed', async () => {
    await archive[Symbol.asyncDispose]();
    expect(await archiving.problem()).to.be.a('string');
  });
});
