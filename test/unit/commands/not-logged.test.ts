/** The audit log cannot be written, and neither can words for the room: what was typed meanwhile must not be done later, when nobody expects it. */
import { expect } from 'chai';
import sinon from 'sinon';
import { RetryableError } from '../../../src/errors.ts';
import { ADMIN } from '../../support/fakes/test-bridge.ts';
import { DESK, LEE, LockFixture } from './lock-fixture.ts';

/** Of the log, and of the words for the room. */
const WRITES = new Set<string | symbol>(['append', 'add']);
const LOCK = `!care lock ${LEE} phone lost`;

describe('B10 (F1): a command that could not be written into the audit log', () => {
  const NOT_DONE = (name: string) =>
    `Not done: \`${name}\` was not carried out because the audit log could not be written. Type it again.`;
  let fixture: LockFixture;
  /** Nothing can be written: not into the log, and no words for the room. */
  let isFull: boolean;
  let awayUntil: number | undefined;
  let clock: sinon.SinonFakeTimers;

  beforeEach(async () => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    fixture = await LockFixture.create();
    [isFull, awayUntil] = [false, undefined];
    const wrap = <T extends object>(name: string, target: T): T =>
      name !== 'audit' && name !== 'notices'
        ? target
        : new Proxy(target, {
            get: (_target, property) => {
              const value: unknown = Reflect.get(target, property, target);
              if (typeof value !== 'function' || !WRITES.has(property)) return value;
              return async (...args: unknown[]) => {
                if (isFull) throw new RetryableError('The disk is full.');
                return (value as (...args: unknown[]) => unknown).apply(target, args);
              };
            },
          });
    fixture.restart({ wrap, awayUntil: () => awayUntil });
  });

  afterEach(() => clock.restore());

  /** The disk has room again, and what waited is tried. */
  async function room() {
    isFull = false;
    clock.tick(2_000);
    await fixture.bridge.pump();
  }

  it('is not asked about later either, but answered; typed again, it is', async () => {
    isFull = true;
    const eventId = await fixture.type(LOCK);
    expect(fixture.said).to.deep.equal([]);
    await room();
    expect(fixture.said.map(({ text }) => text)).to.deep.equal([NOT_DONE('lock')]);
    expect(fixture.said[0]?.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
    expect(fixture.audited).to.deep.equal(['command.lock refused refused not-logged']);
    await fixture.type(LOCK);
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
  });

  for (const [how, yes] of [
    ['✅', () => fixture.reacts('✅', DESK)],
    ['confirm', () => fixture.type(`!care confirm ${fixture.code}`)],
  ] as const) {
    it(`is not done later where it was confirmed meanwhile (${how}), and its question is over`, async () => {
      await fixture.type(LOCK);
      isFull = true;
      await yes();
      await room();
      expect(fixture.accounts.runs).to.equal(0);
      expect(fixture.said.map(({ text }) => text).slice(1)).to.deep.equal([NOT_DONE('lock')]);
      expect(await fixture.storage.confirmations.expired(Infinity)).to.deep.equal([]);
    });
  }

  it('is not done later where it changes something at once', async () => {
    isFull = true;
    await fixture.type(`!care role give ${LEE} line-team`, ADMIN);
    await room();
    expect(fixture.lastWords).to.equal(NOT_DONE('role give'));
    expect(fixture.audited).to.deep.equal(['command.role.give refused refused not-logged']);
  });

  it('is not done later where the homeserver could not even hand it over', async () => {
    awayUntil = Date.now() + 1_000;
    await fixture.type(LOCK);
    expect(fixture.lastWords).to.equal(NOT_DONE('lock'));
    // What only reads is answered, however late.
    await fixture.type('!care help');
    expect(fixture.lastWords).not.to.include('Not done');
    clock.tick(2_000);
    await fixture.type(LOCK);
    expect(fixture.lastWords).to.include('would be locked');
  });

  for (const [name, begin] of [
    ['lock', async () => (await fixture.type(LOCK), fixture.reacts('✅', DESK))],
    ['lose', () => fixture.type(`!care lose ${LEE}`)],
  ] as const) {
    it(`is finished where it is in the log and only its end could not be written: ${name}`, async () => {
      fixture.accounts.onRun = () => {
        fixture.accounts.onRun = undefined;
        isFull = true;
      };
      await begin();
      awayUntil = Date.now() + 1_000;
      await room();
      expect(fixture.said.map(({ text }) => text).join()).to.include(name === 'lock' ? 'is locked.' : 'is signed out.');
      expect(fixture.audited.filter((entry) => entry.startsWith(`command.${name} `)).slice(-2)).to.deep.equal([
        `command.${name} done begun`,
        `command.${name} done ended`,
      ]);
    });
  }
});
