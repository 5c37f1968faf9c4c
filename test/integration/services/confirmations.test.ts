import { expect } from 'chai';
import type { EventId } from '../../../src/model/ids.ts';
import { Crash, CrashPoint } from '../../support/fakes/crash-point.ts';
import { DESK, LEE, LockFixture } from '../../unit/commands/lock-fixture.ts';
import { openTestStores, type TestStores } from './test-stores.ts';

const LOCK = `!care lock ${LEE} phone lost`;

describe('a process that dies while a command is confirmed, over SQLite', () => {
  let opened: TestStores;
  before(async () => void (opened = await openTestStores()));
  after(async () => opened[Symbol.asyncDispose]());

  /** Asks, restarts, says yes, and dies at the `at`-th call of a port from then on. Returns where, or undefined where it lived. */
  async function story(at: number, when: 'before' | 'after'): Promise<string | undefined> {
    const fixture = await LockFixture.create(opened.stores);
    await fixture.type(LOCK, DESK);
    await opened.wipeFinished();
    const point = new CrashPoint(at, when);
    fixture.restart({ wrap: point.wrap });
    const saysYes = () => fixture.reacts('✅', DESK, { to: fixture.prompt, eventId: `$yes-${when}-${at}` as EventId });
    try {
      await saysYes();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      fixture.restart();
      await opened.wipeFinished();
      await saysYes();
    }
    await opened.wipeFinished();
    const answers = fixture.said.filter(({ text }) => text === `${LEE} is locked.`);
    expect([fixture.accounts.locked.size, answers.length], `${at} ${point.where}`).to.deep.equal([1, 1]);
    expect(await opened.stores.confirmations.expired(Number.MAX_SAFE_INTEGER)).to.deep.equal([]);
    return point.where;
  }

  for (const when of ['before', 'after'] as const) {
    it(`does it once and says so once: ${when} the effect of each call`, async () => {
      const places: string[] = [];
      for (let at = 1, where: string | undefined = ''; where !== undefined; at++) {
        where = await story(at, when);
        if (where !== undefined) places.push(where);
      }
      expect(places.join()).to.include('confirmations.confirm').and.to.include('confirmations.end');
    });
  }
});
