/** What transactions promise. */
import { expect } from 'chai';
import type { ConversationId } from '../../../src/model/ids.ts';
import { BOT, inboxRow, notice, outboxRow } from './builders.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const NOW = 1_000_000;

/** Defines the tests on `bench`. */
export function transactionContract(bench: StorageBench): void {
  const use = storageForEach(bench);

  describe('transactions', () => {
    it('commit or roll back several repositories together', async () => {
      const { transactions, notices, settings, inbox } = use.storage;
      const fault = new TypeError('a bug of the caller');
      const failed = await transactions
        .run(async () => {
          await notices.add(notice({ cause: 'a' }), NOW);
          await settings.set('x', 'y');
          await inbox.add(inboxRow(), NOW);
          throw fault;
        })
        .catch((error: unknown) => error);
      expect(failed).to.equal(fault);
      expect([await use.count('notices'), await use.count('settings'), await use.count('inbox')]).to.deep.equal([
        0, 0, 0,
      ]);
      const result = await transactions.run(async () => {
        await notices.add(notice({ cause: 'a' }), NOW);
        await transactions.run(() => settings.set('x', 'y'));
        return 'result';
      });
      expect(result).to.equal('result');
      expect([await use.count('notices'), await use.count('settings')]).to.deep.equal([1, 1]);
    });

    it('show their changes to themselves before the commit and to others after it', async () => {
      const inside = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const running = use.storage.transactions.run(async () => {
        await use.storage.settings.set('x', 'new');
        expect(await use.storage.settings.get('x')).to.equal('new');
        inside.resolve();
        await goOn.promise;
      });
      await inside.promise;
      expect(await use.storage.settings.get('x')).to.equal(undefined);
      goOn.resolve();
      await running;
      expect(await use.storage.settings.get('x')).to.equal('new');
    });

    it('run hooks after the commit, outside; never after a rollback; at once where there is none', async () => {
      const { transactions, settings } = use.storage;
      const seen: string[] = [];
      let later: Promise<void> | undefined;
      await transactions.run(async () => {
        await settings.set('x', 'y');
        transactions.afterCommit(() => {
          seen.push('hook');
          later = settings.get('x').then((value) => void seen.push(String(value)));
        });
        seen.push('work');
      });
      await later;
      await transactions
        .run(async () => {
          transactions.afterCommit(() => seen.push('never'));
          throw new Error('no');
        })
        .catch(() => undefined);
      transactions.afterCommit(() => seen.push('at once'));
      expect(seen).to.deep.equal(['work', 'hook', 'y', 'at once']);
    });

    it('leave what they started and did not wait for to itself', async () => {
      const later = Promise.withResolvers<void>();
      let detached: Promise<void> | undefined;
      await use.storage.transactions.run(async () => {
        detached = later.promise.then(() => use.storage.settings.set('detached', 'yes'));
      });
      later.resolve();
      await detached;
      expect(await use.storage.settings.get('detached')).to.equal('yes');
    });

    it('run beside each other and beside single writes without finding the database busy', async () => {
      const { transactions, notices, inbox } = use.storage;
      await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          await inbox.add(inboxRow(), NOW);
          await transactions.run(async () => {
            await notices.add(notice({ cause: `n${n}` }), NOW);
            await inbox.add(inboxRow(), NOW);
          });
          await use.storage.settings.set(`k${n}`, 'v');
        }),
      );
      expect([await use.count('inbox'), await use.count('notices'), await use.count('settings')]).to.deep.equal([
        80, 40, 40,
      ]);
    });

    it('one faulty write does not take others with it', async () => {
      const outcomes = await Promise.allSettled([
        use.storage.settings.set('a', '1'),
        use.storage.outbox.add(outboxRow('nobody' as ConversationId), NOW),
        use.storage.settings.set('b', '2'),
        use.storage.notices.add(notice({ sender: BOT }), NOW),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(await use.storage.settings.get('b')).to.equal('2');
    });
  });
}
