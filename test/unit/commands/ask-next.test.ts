import { expect } from 'chai';
import type { EventId } from '../../../src/model/ids.ts';
import { Crash, CrashPoint } from '../../support/fakes/crash-point.ts';
import { COMMAND_ROOM } from '../../support/fakes/test-bridge.ts';
import { DESK, LEE, LockFixture } from './lock-fixture.ts';

const LOSE = `!care lose ${LEE}`;
const QUESTION = /^Lock as well\?\n@lee:hospital\.test would be locked: 2 devices\.\n\nReact with ✅/;

describe('a command after which another one is asked about (D1)', () => {
  let fixture: LockFixture;
  beforeEach(async () => void (fixture = await LockFixture.create()));

  it('tells its own outcome first, then asks, and does it after ✅', async () => {
    await fixture.type(LOSE);
    expect(fixture.said.at(-2)?.text).to.equal(`${LEE} is signed out.`);
    expect(fixture.lastWords).to.match(QUESTION);
    expect(fixture.accounts.locked.size).to.equal(0);
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
    expect(fixture.audited).to.deep.equal([
      ...['command.lose done begun', 'command.lock done asked', 'command.lose done ended'],
      ...['command.lock done begun', 'command.lock done ended'],
    ]);
  });

  it('is asked after one that had to be confirmed itself, and both have their own lines in the audit log', async () => {
    await fixture.type(`!care lose all ${LEE}`);
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.match(QUESTION);
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
    const steps = (name: string) => fixture.audited.filter((entry) => entry.startsWith(`command.${name} `));
    expect(steps('lose.all')).to.have.length(3);
    expect(steps('lock')).to.have.length(3);
  });

  it('names what is dropped, so that nobody takes it for the command before', async () => {
    await fixture.type(LOSE);
    await fixture.reacts('❌', DESK);
    expect(fixture.lastWords).to.equal('Dropped: `lock` was not done.');
    expect(fixture.accounts.locked.size).to.equal(0);
  });

  it('is not asked where there is nothing to do', async () => {
    fixture.accounts.locked.set('$earlier' as EventId, LEE);
    await fixture.type(LOSE);
    expect(fixture.lastWords).to.equal(`${LEE} is signed out.`);
    expect(await fixture.storage.confirmations.expired(Infinity)).to.deep.equal([]);
  });

  for (const when of ['before', 'after'] as const) {
    it(`is asked once, wherever the process dies: ${when} the effect of the call`, async () => {
      for (let at = 1; ; at++) {
        fixture = await LockFixture.create();
        const point = new CrashPoint(at, when);
        fixture.restart({ wrap: point.wrap });
        try {
          await fixture.type(LOSE);
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
          fixture.restart();
          await fixture.bridge.pump();
          if (fixture.said.length === 0) await fixture.type(LOSE);
        }
        const said = fixture.said.map(({ text }) => text);
        expect(said, `${at} ${point.where}`).to.have.length(2);
        expect(said[1]).to.match(QUESTION);
        expect(await fixture.storage.confirmations.isPrompting(COMMAND_ROOM)).to.equal(false);
        if (point.where === undefined) break;
      }
    });
  }
});
