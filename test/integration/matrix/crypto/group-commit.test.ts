/** Writes share commits and fsyncs, in their order. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { GroupCommit } from '../../../../src/matrix/crypto/store/group-commit.ts';
import { openStoreFile } from '../../../../src/matrix/crypto/store/store-file.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('group commit', () => {
  let database: DatabaseSync;
  let commits: GroupCommit;
  let generation: number;
  let directory: string;

  beforeEach(async () => {
    directory = await tempDir('crypto');
    const file = openStoreFile(directory);
    database = file.database;
    database.exec('CREATE TABLE t (n INTEGER PRIMARY KEY); PRAGMA synchronous=NORMAL');
    generation = 0;
    commits = new GroupCommit(database, file.logPath, () => ++generation);
  });

  afterEach(async () => {
    await commits.close();
    database.close();
  });

  it('commits what is handed over in one turn together', async () => {
    const seen: boolean[] = [];
    await Promise.all([1, 2, 3].map((n) => commits.run('power-loss', () => seen.push(add(n)))));
    expect(seen).to.deep.equal([true, true, true]);
    expect(rows()).to.deep.equal([1, 2, 3]);
    expect(generation).to.equal(1);
    expect(commits.durableGeneration).to.equal(1);
  });

  it('waits for the disk only where it must', async () => {
    const order: string[] = [];
    await Promise.all([
      commits.run('power-loss', () => add(1)).then(() => order.push('on the disk')),
      commits.run('kill', () => add(2)).then(() => order.push('with the kernel')),
    ]);
    expect(order).to.deep.equal(['with the kernel', 'on the disk']);
    await commits.run('kill', () => add(3));
    expect(generation).to.equal(1);
  });

  it('applies writes in the order in which they came', async () => {
    await Promise.all([
      commits.run('kill', () => add(1)),
      commits.run('kill', () => database.exec('DELETE FROM t')),
      commits.run('kill', () => add(2)),
    ]);
    expect(rows()).to.deep.equal([2]);
  });

  it('writes nothing of a batch that fails, tells everybody, and goes on', async () => {
    const fail = (): void => {
      throw new Error('disk full');
    };
    const results = await Promise.allSettled([commits.run('kill', () => add(1)), commits.run('power-loss', fail)]);
    for (const result of results) {
      expect(result.status).to.equal('rejected');
      if (result.status === 'rejected') expect(result.reason).to.have.property('name', 'RetryableError');
    }
    expect(rows()).to.deep.equal([]);
    expect(commits.failures).to.equal(1);
    await commits.run('power-loss', () => add(2));
    expect(rows()).to.deep.equal([2]);
  });

  it('finishes what it has when it closes, and takes no more', async () => {
    const last = commits.run('power-loss', () => add(1));
    await commits.close();
    await last;
    const error: unknown = await commits.run('kill', () => add(2)).catch((reason: unknown) => reason);
    expect(error).to.have.property('message', 'The crypto store is closed.');
    database.close();
    database = new DatabaseSync(join(directory, 'crypto.db'));
    expect(rows()).to.deep.equal([1]);
  });

  function add(n: number): boolean {
    database.prepare('INSERT INTO t VALUES (?)').run(n);
    return database.isTransaction;
  }

  function rows(): unknown[] {
    return database
      .prepare('SELECT n FROM t ORDER BY n')
      .all()
      .map(({ n }) => n);
  }
});
