/** What the archive promises: a database of its own, to which is only added (G2, H6). */
import { expect } from 'chai';
import { archiveHash } from '../../../src/model/archive.ts';
import type { ConversationId, EventId, UserId } from '../../../src/model/ids.ts';
import { verifyArchive } from '../../../src/services/verify-archive.ts';
import { openArchive } from '../../../src/storage/archive/open-archive.ts';
import { MARIA, said } from './builders.ts';
import { newPhiKey, type StorageBench, type StorageConfig } from './storage-bench.ts';
import { storageForEach } from './storage-for-each.ts';

/** Defines the tests on `bench`. */
export function archiveContract(bench: StorageBench): void {
  describe('rows', () => {
    let config: StorageConfig;
    beforeEach(async () => void (config = await bench.newConfig()));
    const open = (keys = config.secrets.phiKeys) => openArchive({ database: config.database, keys });

    it('are added once, chained, read by conversation, and hold no word in the clear', async () => {
      await using archive = await open();
      await archive!.append([said(1), said(2, { conversationId: 'other' as ConversationId }), said(1)]);
      const change = { kind: 'redaction', relatesTo: '$event-1' as EventId, content: {} } as const;
      await archive!.append([said(1), said(3, change)]);
      const rows = await archive!.rows(0, 10, [MARIA]);
      expect(rows.map(({ seq, kind, relatesTo }) => [seq, kind, relatesTo])).to.deep.equal([
        [1, 'message', null],
        [3, 'redaction', '$event-1'],
      ]);
      expect(rows.map((row) => archive!.open(row))).to.deep.equal([{ body: 'planted-words 1' }, {}]);
      expect(await archive!.head()).to.deep.equal({ seq: 3, hash: rows[1]!.hash });
      expect(archiveHash(rows[1]!)).to.equal(rows[1]!.hash);
      expect((await verifyArchive(archive!, () => undefined)).faults).to.equal(0);
      expect((await bench.bytes(config)).includes('planted-words')).to.equal(false);
    });

    it('keep one chain where two processes append the same and other things at once', async () => {
      await using one = await open();
      await using two = await open();
      const all = Array.from({ length: 40 }, (_, n) => said(n));
      await Promise.all(all.map((each, n) => (n % 2 ? one! : two!).append([each, all[(n + 1) % 40]!])));
      expect(await verifyArchive(one!, () => undefined)).to.include({ rows: 40, faults: 0 });
    });

    it('are refused any change, and a change behind the triggers is named', async () => {
      await using archive = await open();
      await archive!.append([said(1), said(2), said(3)]);
      for (const change of ["UPDATE archive_records SET sender = 'x'", 'DELETE FROM archive_records']) {
        const refused = await bench.sql(config, change).then(
          () => 'done',
          (error: unknown) => String(error),
        );
        expect(refused).to.match(/append-only/);
      }
      const rows = await archive!.rows(0, 10);
      const found: string[] = [];
      const changed = [rows[0]!, { ...rows[1]!, sender: '@other:hospital.test' as UserId }, rows[2]!];
      const pages = { rows: async (after: number) => changed.filter(({ seq }) => seq > after) };
      await verifyArchive(pages, (seq, problem) => found.push(`${seq} ${problem}`));
      expect(found).to.deep.equal(['2 was changed: what it says does not give its hash']);
      const cut = { rows: async (after: number) => [rows[0]!, rows[2]!].filter(({ seq }) => seq > after) };
      expect((await verifyArchive(cut, () => undefined)).faults).to.equal(1);
    });

    it('are known to be writable, which adds none, and not to be', async () => {
      await using archive = await open();
      expect(await archive!.check()).to.equal(undefined);
      expect(await archive!.head()).to.equal(undefined);
      await bench.sql(config, 'ALTER TABLE archive_records RENAME TO gone');
      expect(await archive!.check()).to.equal('The database does not answer.');
    });

    it('cannot be had without the key, nor with another', async () => {
      await (await open())![Symbol.asyncDispose]();
      const refused = async (keys: Parameters<typeof open>[0] | undefined) =>
        openArchive({ database: config.database, keys }).then(
          () => 'opened',
          (error: Error) => error.message,
        );
      expect(await refused(undefined)).to.match(/^There is an archive, but archive\.key is missing/);
      expect(await refused([newPhiKey()])).to.match(/^The archive: .* Put that key back into archive\.key/);
    });
  });

  describe('queue', () => {
    const use = storageForEach(bench);

    it('keeps what is to be archived in order, each event once, with the transaction that ends its message', async () => {
      const { archiveQueue, transactions } = use.storage;
      await archiveQueue.add(said(1));
      await archiveQueue.add(said(1));
      await transactions
        .run(async () => {
          await archiveQueue.add(said(2));
          throw new Error('no');
        })
        .catch(() => undefined);
      await archiveQueue.add(said(3, { kind: 'edit', relatesTo: '$event-1' as EventId }));
      await use.reopen();
      const waiting = await use.storage.archiveQueue.next(10);
      expect(waiting.map(({ said: { kind, eventId } }) => [kind, eventId])).to.deep.equal([
        ['message', '$event-1'],
        ['edit', '$event-3'],
      ]);
      expect(await use.count('archive_queue', "content LIKE '%planted%'")).to.equal(0);
      await use.storage.archiveQueue.remove([waiting[0]!.seq]);
      expect(await use.storage.archiveQueue.next(10)).to.have.length(1);
    });

    it('what cannot be decrypted is named, stays, and does not hold up what was said after it', async () => {
      const { archiveQueue } = use.storage;
      for (const n of [1, 2, 3]) await archiveQueue.add(said(n));
      await bench.sql(use.config, "UPDATE archive_queue SET content = 'x' WHERE id <> 'message:$event-3'");
      const read = await archiveQueue.next(2);
      expect(read.map(({ said: { eventId } }) => eventId)).to.deep.equal(['$event-3']);
      expect(use.unreadable.map(({ trace }) => trace)).to.deep.equal(['message:$event-1', 'message:$event-2']);
      await archiveQueue.remove(read.map(({ seq }) => seq));
      expect(await archiveQueue.next(2)).to.deep.equal([]);
      expect(await archiveQueue.depth(Date.now())).to.include({ waiting: 2 });
    });

    it('knows how much waits, and for how long', async () => {
      const { archiveQueue } = use.storage;
      expect(await archiveQueue.depth(Date.now())).to.deep.equal({ waiting: 0, parked: 0, oldestAgeMs: 0 });
      const before = Date.now();
      await archiveQueue.add(said(1));
      const between = Date.now();
      await archiveQueue.add(said(2));
      const { waiting, oldestAgeMs } = await archiveQueue.depth(between + 60_000);
      expect(waiting).to.equal(2);
      expect(oldestAgeMs).to.be.within(60_000, 60_000 + between - before);
    });
  });
}
