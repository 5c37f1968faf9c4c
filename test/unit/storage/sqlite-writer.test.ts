import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import type { Transaction } from 'sequelize';
import { RetryableError } from '../../../src/errors.ts';
import { SqliteWriter } from '../../../src/storage/sqlite-writer.ts';

/** Writes down what a database would do. */
function recorder() {
  const log: string[] = [];
  const writer = new SqliteWriter(async (work) => {
    log.push('begin');
    try {
      const result = await work({} as Transaction);
      log.push('commit');
      return result;
    } catch (error) {
      log.push('rollback');
      throw error;
    }
  });
  const say = (word: string) => async () => {
    log.push(word);
    return word;
  };
  return { log, writer, say };
}

describe('SQLite writer', () => {
  it('commits a single statement by itself', async () => {
    const { log, writer, say } = recorder();
    expect(await writer.statement(say('a'))).to.equal('a');
    expect(log).to.deep.equal(['a']);
  });

  it('commits what came at the same time together, in its order', async () => {
    const { log, writer, say } = recorder();
    const results = await Promise.all([
      writer.statement(say('a')),
      writer.atomic(say('b')),
      writer.statement(say('c')),
    ]);
    expect(results).to.deep.equal(['a', 'b', 'c']);
    expect(log).to.deep.equal(['begin', 'a', 'b', 'c', 'commit']);
  });

  it('never runs an exclusive transaction with others', async () => {
    const { log, writer, say } = recorder();
    await Promise.all([
      writer.statement(say('a')),
      writer.exclusive(say('b')),
      writer.statement(say('c')),
      writer.atomic(say('d')),
    ]);
    expect(log).to.deep.equal(['a', 'begin', 'b', 'commit', 'begin', 'c', 'd', 'commit']);
  });

  it('tries each by itself when one of a group fails, and fails only that one', async () => {
    const { log, writer, say } = recorder();
    const fault = new Error('no');
    const outcomes = await Promise.allSettled([
      writer.statement(say('a')),
      writer.statement(async () => {
        log.push('x');
        throw fault;
      }),
      writer.atomic(say('c')),
    ]);
    expect(log).to.deep.equal(['begin', 'a', 'x', 'rollback', 'a', 'x', 'begin', 'c', 'commit']);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).to.have.property('reason', fault);
  });

  it('tells nobody of success before the commit', async () => {
    const committing = Promise.withResolvers<void>();
    const writer = new SqliteWriter(async (work) => {
      const result = await work({} as Transaction);
      await committing.promise;
      return result;
    });
    let told = 0;
    const running = [1, 2].map(() => writer.statement(async () => undefined).then(() => told++));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).to.equal(0);
    committing.resolve();
    await Promise.all(running);
    expect(told).to.equal(2);
  });

  it('finishes what it has when closed, and takes nothing new', async () => {
    const { log, writer, say } = recorder();
    const running = writer.exclusive(say('a'));
    await writer.close();
    expect(log).to.deep.equal(['begin', 'a', 'commit']);
    await running;
    expect(await writer.statement(say('b')).catch((error: unknown) => error)).to.be.instanceOf(RetryableError);
  });

  it('frees those that wait for a transaction that waits for one of them', async () => {
    const clock = useFakeTimers();
    try {
      const { writer, say } = recorder();
      const inner = Promise.withResolvers<unknown>();
      const outer = writer.exclusive(() => inner.promise);
      await clock.tickAsync(1);
      const waiting = writer.statement(say('inner')).catch((error: unknown) => error);
      void waiting.then(inner.resolve);
      await clock.tickAsync(30_000);
      expect(await waiting).to.be.instanceOf(RetryableError);
      expect(await outer).to.be.instanceOf(RetryableError);
    } finally {
      clock.restore();
    }
  });
});
