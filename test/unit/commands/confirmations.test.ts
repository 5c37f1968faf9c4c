import { expect } from 'chai';
import sinon from 'sinon';
import type { EventId } from '../../../src/model/ids.ts';
import { Crash, CrashPoint } from '../../support/fakes/crash-point.ts';
import { ADMIN, CLERK, COMMAND_ROOM, GHOST, NURSE, VISITOR } from '../../support/fakes/test-bridge.ts';
import { DESK, LEE, LockFixture, SECOND } from './lock-fixture.ts';

const LOCK = `!care lock ${LEE} phone lost`;
const ERASE = `!care erase ${LEE} left the hospital`;

const NOT_TYPED =
  'The yes of somebody else than who asked is typed, on a verified device, with the code in the question. A reaction does not prove whose it is.';

describe('confirming (D5, D6)', () => {
  let fixture: LockFixture;
  beforeEach(async () => void (fixture = await LockFixture.create()));
  const isDone = () => fixture.accounts.runs > 0;

  it('shows whom it is about, asks, and does it after ✅, once', async () => {
    const eventId = await fixture.type(LOCK);
    expect(fixture.lastWords).to.match(
      /^@lee:hospital\.test would be locked: 2 devices\.\n\nReact with ✅ to do it, ❌ to drop it; until \d\d:\d\d UTC\. \(Or `!care confirm [a-z2-7]{8}`/,
    );
    expect(isDone()).to.equal(false);
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
    const { content } = fixture.said.at(-1)!;
    expect(content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
    expect(content['org.carebridge.answer']).to.deep.equal({ command: 'lock', outcome: 'done', data: { user: LEE } });
    await fixture.reacts('✅', DESK);
    await fixture.reacts('✅', SECOND);
    expect(fixture.accounts.runs).to.equal(1);
    expect(fixture.audited).to.deep.equal([
      'command.lock done asked',
      'command.lock done begun',
      'command.lock done ended',
    ]);
    expect(fixture.storage.audited()[2]).to.include({ actor: DESK, target: LEE, reason: 'phone lost' });
  });

  it('attaches the question for programs', async () => {
    await fixture.type(LOCK);
    const answer = fixture.said.at(-1)!.content['org.carebridge.answer'] as Record<string, object>;
    expect(answer).to.deep.include({ command: 'lock', outcome: 'asked', data: { user: LEE, devices: 2 } });
    expect(answer['confirmation']).to.include({ code: fixture.code, needsSecondPerson: false });
  });

  for (const key of ['✅', '✅\ufe0f', '☑️', '✔️']) {
    it(`takes ${JSON.stringify(key)} as yes`, async () => {
      await fixture.type(LOCK);
      await fixture.reacts(key, DESK);
      expect(isDone()).to.equal(true);
    });
  }

  for (const key of ['👍', '✅✅', 'yes', '', '🆗']) {
    it(`does not take ${JSON.stringify(key)} as an answer`, async () => {
      await fixture.type(LOCK);
      await fixture.reacts(key, DESK);
      expect(isDone()).to.equal(false);
      await fixture.reacts('✅', DESK);
      expect(isDone()).to.equal(true);
    });
  }

  for (const [who, user] of Object.entries({ requester: DESK, approver: SECOND, administrator: ADMIN })) {
    it(`is dropped by ❌ of the ${who}, and ✅ afterwards does nothing`, async () => {
      await fixture.type(LOCK);
      await fixture.reacts('❌', user);
      expect(fixture.lastWords).to.equal('Dropped: `lock` was not done.');
      await fixture.reacts('✅', DESK);
      expect(isDone()).to.equal(false);
      expect(fixture.audited.at(-1)).to.equal('command.lock refused confirmation cancelled');
    });
  }

  for (const [who, user] of Object.entries({ nurse: NURSE, clerk: CLERK, visitor: VISITOR, ghost: GHOST })) {
    for (const key of ['✅', '❌']) {
      it(`ignores ${key} of a bystander: ${who}`, async () => {
        await fixture.type(LOCK);
        const said = fixture.said.length;
        await fixture.reacts(key, user);
        expect([isDone(), fixture.said.length]).to.deep.equal([false, said]);
        await fixture.reacts('✅', DESK);
        expect(isDone()).to.equal(true);
      });
    }
  }

  it('ignores an administrator of the same name on another server', async () => {
    await fixture.type(LOCK);
    await fixture.reacts('✅', '@admin:evil.test' as never);
    expect(isDone()).to.equal(false);
  });

  it('needs somebody else where it needs two', async () => {
    await fixture.type(ERASE, SECOND);
    const code = fixture.code;
    expect(fixture.lastWords).to.include(
      `Somebody else who may approve types \`!care confirm ${code}\` to do it; ❌ drops it`,
    );
    await fixture.reacts('✅', SECOND);
    expect(fixture.lastWords).to.equal('Somebody else must confirm this: it needs two people.');
    await fixture.type(`!care confirm ${code}`, SECOND);
    expect(fixture.lastWords).to.equal('Somebody else must confirm this: it needs two people.');
    await fixture.type(`!care confirm ${code}`, DESK);
    expect(isDone()).to.equal(false);
    await fixture.reacts('✅', ADMIN);
    expect([isDone(), fixture.lastWords]).to.deep.equal([false, NOT_TYPED]);
    expect(fixture.audited.at(-1)).to.equal('command.erase refused confirmation refused');
    await fixture.type(`!care confirm ${code}`, ADMIN);
    expect(isDone()).to.equal(true);
    const entry = fixture.storage.audited().findLast(({ action }) => action === 'command.erase')!;
    expect(entry.actor).to.equal(SECOND);
    expect(entry.details).to.deep.include({ confirmedBy: ADMIN });
  });

  it('D6: the yes of another administrator counts typed and encrypted, and not as a reaction of whatever session', async () => {
    await fixture.type(LOCK);
    await fixture.reacts('✅', SECOND);
    expect([isDone(), fixture.lastWords]).to.deep.equal([false, NOT_TYPED]);
    await fixture.type(`!care confirm ${fixture.code}`, SECOND);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
    const entry = fixture.storage.audited().findLast(({ action }) => action === 'command.lock');
    expect(entry?.details).to.deep.include({ confirmedBy: SECOND });
  });

  it('is of no use in time’s other half: it expires, and says so', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      await fixture.type(LOCK);
      clock.tick(300_000);
      await fixture.bridge.runner.endExpired();
      await fixture.bridge.pump();
      expect(fixture.lastWords).to.equal('Nobody confirmed `lock` in time. It was not done.');
      await fixture.reacts('✅', DESK);
      expect(isDone()).to.equal(false);
      expect(fixture.audited.at(-1)).to.equal('command.lock refused confirmation expired');
    } finally {
      clock.restore();
    }
  });

  for (const [how, drop] of [
    ['runs out', () => fixture.bridge.runner.endExpired()],
    ['is removed', (command: EventId) => fixture.bridge.runner.removed(command, DESK)],
  ] as const) {
    it(`D6: a yes that comes at the moment in which it ${how} is not called none`, async () => {
      const { confirmations } = fixture.storage;
      const command = await fixture.type(LOCK);
      // Found without a yes; then there is one; then what was found is dropped.
      const found = await confirmations.expired(Infinity);
      confirmations.expired = confirmations.findByCommand = async () => found;
      const confirm = confirmations.confirm.bind(confirmations);
      confirmations.confirm = async (id, yes) => {
        const isFirst = await confirm(id, yes);
        await drop(command);
        return isFirst;
      };
      await fixture.reacts('✅', DESK);
      await fixture.bridge.pump();
      expect([isDone(), fixture.lastWords]).to.deep.equal([true, `${LEE} is locked.`]);
      expect(fixture.said.map(({ text }) => text).join()).not.to.match(/not done|Nothing was done/);
    });
  }

  it('is not done by a yes that comes too late, also before it was swept away', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      await fixture.type(LOCK);
      clock.tick(300_000);
      await fixture.reacts('✅', DESK);
      expect([isDone(), fixture.lastWords]).to.deep.equal([false, 'Nobody confirmed `lock` in time. It was not done.']);
    } finally {
      clock.restore();
    }
  });

  it('is refused and shown anew where what was shown has changed', async () => {
    await fixture.type(LOCK);
    fixture.accounts.devices = 3;
    await fixture.reacts('✅', DESK);
    expect(isDone()).to.equal(false);
    expect(fixture.lastWords).to.match(
      /^Refused: this has changed since it was shown\. Nothing was done\. Now:\n\n@lee:hospital\.test would be locked: 3 devices/,
    );
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
    expect(fixture.accounts.runs).to.equal(1);
  });

  it('is refused where whoever asked may no longer do it', async () => {
    await fixture.type(LOCK);
    fixture.revoked.add(DESK);
    await fixture.type(`!care confirm ${fixture.code}`, SECOND);
    expect(isDone()).to.equal(false);
    expect(fixture.lastWords).to.match(/^Refused: you may not end sessions/);
  });

  it('is refused where the room is no longer safe (A3)', async () => {
    await fixture.type(LOCK);
    fixture.world.rooms.commandRoomProblem = 'people can join without an invitation.';
    await fixture.reacts('✅', DESK);
    expect(isDone()).to.equal(false);
    expect(fixture.lastWords).to.match(/^Refused: this room is not safe for commands: people can join/);
  });

  it('asks nobody where there is nothing to do, or the caller did wrong', async () => {
    fixture.accounts.locked.set('$earlier' as EventId, LEE);
    await fixture.type(LOCK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked already.`);
    await fixture.type(`!care lock ${ADMIN} x`);
    expect(fixture.lastWords).to.equal('Refused: that is the last administrator.');
    expect(await fixture.storage.confirmations.expired(Infinity)).to.deep.equal([]);
  });

  it('can be said in words, where no reaction can be given', async () => {
    await fixture.type(LOCK);
    await fixture.type(`!care confirm ${fixture.code}`);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
    await fixture.type(`!care confirm ${fixture.code}`);
    expect(fixture.lastWords).to.match(/^There is nothing to confirm under this code/);
    expect(fixture.accounts.runs).to.equal(1);
  });

  it('can be dropped in words', async () => {
    await fixture.type(LOCK);
    await fixture.type(`!care cancel ${fixture.code.toUpperCase()}`);
    expect(fixture.lastWords).to.equal('Dropped: `lock` was not done.');
    await fixture.reacts('✅', DESK);
    expect(isDone()).to.equal(false);
  });

  it('tells a bystander who says it in words that it is not theirs', async () => {
    await fixture.type(LOCK);
    await fixture.type(`!care confirm ${fixture.code}`, NURSE);
    expect([isDone(), fixture.lastWords]).to.deep.equal([false, 'Refused: you may not decide this.']);
  });

  it('cannot be confirmed from another room', async () => {
    await fixture.type(LOCK);
    const { roomId } = await fixture.bridge.conversation('+12125550110');
    await fixture.reacts('✅', DESK, { roomId });
    await fixture.type(`!care confirm ${fixture.code}`, DESK, { roomId });
    expect(isDone()).to.equal(false);
  });

  it('takes a reaction that comes before it is known which event the question is', async () => {
    await fixture.bridge.writes(COMMAND_ROOM, LOCK, { sender: DESK });
    await fixture.bridge.pump('events');
    const next = `$sent-${fixture.world.sender.events.length + 1}` as EventId;
    await fixture.bridge.event({
      type: 'm.reaction',
      room_id: COMMAND_ROOM,
      sender: DESK,
      event_id: '$early' as EventId,
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: next, key: '✅' } },
    });
    await fixture.bridge.step('events');
    expect(isDone()).to.equal(false);
    await fixture.bridge.pump('notices');
    await fixture.storage.events.wake();
    await fixture.bridge.pump();
    expect(isDone()).to.equal(true);
  });

  it('survives a restart between question and answer', async () => {
    await fixture.type(LOCK);
    fixture.restart();
    await fixture.reacts('✅', DESK);
    expect(fixture.lastWords).to.equal(`${LEE} is locked.`);
  });

  it('still hints in a patient’s room that reactions stay there', async () => {
    const { roomId } = await fixture.bridge.conversation('+12125550110');
    await fixture.reacts('✅', NURSE, { roomId, to: '$message' as EventId });
    expect(fixture.world.sender.said(roomId).at(-1)).to.match(/^Reactions stay in this room/);
  });
});

describe('a process that dies while a command is confirmed', () => {
  /** Asks, says yes, and dies at the `at`-th call of a port; then starts anew. False where it lived. */
  async function story(at: number, when: 'before' | 'after') {
    const fixture = await LockFixture.create();
    const point = new CrashPoint(at, when);
    fixture.restart({ wrap: point.wrap });
    const steps = [() => fixture.type(LOCK, DESK), () => fixture.reacts('✅', DESK, { eventId: '$yes' as EventId })];
    for (const [index, step] of steps.entries()) {
      try {
        await step();
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        fixture.restart();
        await fixture.bridge.pump();
        // What was not committed is sent again by the homeserver.
        if (index === 0 && fixture.said.length === 0) await fixture.type(LOCK, DESK);
        if (index === 1) await fixture.reacts('✅', DESK, { eventId: '$yes' as EventId });
      }
    }
    return { fixture, where: point.where };
  }

  for (const when of ['before', 'after'] as const) {
    it(`does it once and says so once, wherever it dies: ${when} the effect of the call`, async () => {
      const places = new Set<string>();
      for (let at = 1; ; at++) {
        const { fixture, where } = await story(at, when);
        const words = fixture.said.map(({ text }) => text.slice(0, 34));
        expect(fixture.accounts.locked.size, `${at} ${where}`).to.equal(1);
        expect(
          words.filter((text) => text === `${LEE} is locked.`),
          `${at} ${where}`,
        ).to.have.length(1);
        expect(fixture.audited.filter((entry) => entry === 'command.lock done ended')).to.have.length(1);
        expect(await fixture.storage.confirmations.isPrompting(COMMAND_ROOM)).to.equal(false);
        if (where === undefined) break;
        places.add(where);
      }
      expect([...places].join())
        .to.include('confirmations.confirm')
        .and.to.include('confirmations.end');
    });
  }
});
