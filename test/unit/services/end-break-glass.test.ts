import { expect } from 'chai';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { EmergencyAccess } from '../../../src/model/governed-room.ts';
import type { ExpireBreakGlass } from '../../../src/services/expire-break-glass.ts';
import {
  ask,
  breakGlassFixture,
  HOUR_MS,
  ON_CALL,
  PRIVACY,
  ROOM,
  WARD_NURSE,
  type BreakGlassFixture,
} from './break-glass-fixture.ts';

describe('break-glass: the end (B1)', () => {
  let fixture: BreakGlassFixture;
  let access: EmergencyAccess;
  const actions = () => fixture.storage.audited().map(({ action, outcome }) => `${action} ${outcome}`);

  beforeEach(async () => {
    fixture = await breakGlassFixture();
    const result = await fixture.grant.grant(ask());
    if (!('granted' in result)) throw new Error('not granted');
    access = result.granted;
    fixture.room.members.set(ON_CALL, 'join');
    await fixture.said();
  });

  it('B1: somebody who may ends it: the user is out, then it is over, and the security room is told', async () => {
    expect(await fixture.ending.end(access, { by: PRIVACY, trace: 't' })).to.deep.equal({ end: 'out' });
    expect(fixture.room.members.get(ON_CALL)).to.equal('leave');
    expect(await fixture.storage.emergencyAccess.open()).to.deep.equal([]);
    expect(fixture.storage.audited().at(-1)).to.include({ action: 'break-glass.end', actor: PRIVACY, target: ON_CALL });
    expect((await fixture.said())[0]?.text).to.include(`ended by ${PRIVACY}`);
    expect(await fixture.ending.end(access, { by: PRIVACY, trace: 't' })).to.deep.equal({ end: 'over-already' });
    expect(actions()).to.have.length(2);
  });

  it('leaves who has a role for the room by now', async () => {
    fixture.assigned.set(ON_CALL, fixture.assigned.get(WARD_NURSE)!);
    expect(await fixture.ending.end(access, { by: PRIVACY, trace: 't' })).to.deep.equal({ end: 'stays' });
    expect(fixture.room.members.get(ON_CALL)).to.equal('join');
    expect(await fixture.storage.emergencyAccess.open()).to.deep.equal([]);
  });

  for (const [title, prepare] of [
    ['the bot may not', () => (fixture.room.faults = [{ outcome: 'denied', problem: 'No power.' }])],
    ['the user is let in again at once', () => (fixture.room.isLeaky = true)],
    ['the bot is not in the room', () => (fixture.room.lookFault = new PermanentError('not in the room'))],
  ] as const) {
    it(`is not over where ${title}`, async () => {
      prepare();
      expect(await fixture.ending.end(access, { by: PRIVACY, trace: 't' })).to.have.property('end', 'stuck');
      expect(await fixture.storage.emergencyAccess.open()).to.have.length(1);
    });
  }

  it('is over where the room was given back to people and the bot has left it', async () => {
    await fixture.storage.governedRooms.release(ROOM, PRIVACY, 1);
    fixture.room.lookFault = new PermanentError('not in the room');
    expect(await fixture.ending.end(access, { by: PRIVACY, trace: 't' })).to.deep.equal({ end: 'out' });
  });

  it('ends all of a user who leaves the hospital', async () => {
    expect(await fixture.ending.endAllOf(WARD_NURSE, { by: PRIVACY, trace: 't' })).to.deep.equal([]);
    expect(await fixture.ending.endAllOf(ON_CALL, { by: PRIVACY, trace: 't' })).to.deep.equal([{ end: 'out' }]);
  });

  describe('by itself', () => {
    let clock: SinonFakeTimers;
    let expiry: ExpireBreakGlass;
    /** Time passes for the fixture too. */
    const pass = async (ms: number) => {
      fixture.clock.now += ms;
      await clock.tickAsync(ms);
    };

    beforeEach(() => {
      clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      expiry = fixture.newExpiry();
      expiry.notify();
    });

    afterEach(async () => {
      await expiry.stop();
      clock.restore();
    });

    it('B1: when the time is over the user is out, and the audit log has the grant, the expiry and the end', async () => {
      await pass(HOUR_MS - 1_000);
      expect(fixture.room.members.get(ON_CALL)).to.equal('join');
      await pass(1_000);
      expect(fixture.room.members.get(ON_CALL)).to.equal('leave');
      expect(actions()).to.deep.equal(['break-glass.grant done', 'break-glass.expiry done', 'break-glass.end done']);
      expect((await fixture.said())[0]?.text).to.include('its time is over');
    });

    it('B1: also after a restart, at once', async () => {
      await expiry.stop();
      fixture.clock.now += 3 * HOUR_MS;
      expiry = fixture.newExpiry();
      expiry.notify();
      await clock.tickAsync(0);
      expect(fixture.room.members.get(ON_CALL)).to.equal('leave');
    });

    it('goes on until the user is really out', async () => {
      fixture.room.faults = [
        new RetryableError('away'),
        new RetryableError('away'),
        { outcome: 'failed', problem: 'Odd.' },
      ];
      await pass(HOUR_MS);
      expect(fixture.room.members.get(ON_CALL)).to.equal('join');
      await pass(1_000);
      await pass(2_000);
      expect(fixture.room.members.get(ON_CALL)).to.equal('join');
      expect((await fixture.said())[0]?.text)
        .to.include('not ended')
        .and.include('Odd.');
      await pass(4_000);
      expect(fixture.room.members.get(ON_CALL)).to.equal('leave');
      expect(actions().filter((action) => action.includes('expiry'))).to.have.length(1);
    });

    it('tries at once when the homeserver is back', async () => {
      fixture.room.faults = Array.from({ length: 8 }, () => new RetryableError('away'));
      await pass(HOUR_MS);
      await pass(100_000);
      fixture.room.faults = [];
      expiry.retryNow();
      await clock.tickAsync(0);
      expect(fixture.room.members.get(ON_CALL)).to.equal('leave');
    });

    it('says once that it cannot be ended, and goes on trying', async () => {
      fixture.room.isLeaky = true;
      await pass(HOUR_MS);
      for (let minute = 0; minute < 10; minute += 1) await pass(60_000);
      expect(await fixture.said()).to.have.length(1);
      expect(actions().filter((action) => action === 'break-glass.end failed')).to.have.length(1);
      fixture.room.isLeaky = false;
      await pass(60_000);
      expect(await fixture.storage.emergencyAccess.open()).to.deep.equal([]);
    });
  });
});
