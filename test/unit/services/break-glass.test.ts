import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import type { EventId, RoomId } from '../../../src/model/ids.ts';
import {
  ask,
  breakGlassFixture,
  ELSEWHERE,
  HOUR_MS,
  ON_CALL,
  PRIVACY,
  REASON,
  ROOM,
  SECURITY,
  VISITOR,
  WARD_NURSE,
  type BreakGlassFixture,
} from './break-glass-fixture.ts';

describe('break-glass: the grant (B1)', () => {
  let fixture: BreakGlassFixture;

  beforeEach(async () => {
    fixture = await breakGlassFixture();
  });

  it('B1: lets the user in for an hour, and tells the security room who, where, until when and why', async () => {
    const result = await fixture.grant.grant(ask());
    expect(result).to.have.property('granted').that.includes({ userId: ON_CALL, roomId: ROOM, reason: REASON });
    expect(fixture.room.members.get(ON_CALL)).to.equal('invite');
    const [open] = await fixture.storage.emergencyAccess.open();
    expect(open?.expiresAt).to.equal(fixture.clock.now + HOUR_MS);
    expect(fixture.changes()).to.equal(1);
    const due = await fixture.storage.notices.due(Number.MAX_SAFE_INTEGER, new Set(), 100);
    expect(due.map(({ notice }) => 'isAlarm' in notice && notice.isAlarm)).to.deep.equal([true]);
    const said = await fixture.said();
    expect(said.map(({ roomId }) => roomId)).to.deep.equal([SECURITY]);
    const toEnd = `!care break-glass end ${ROOM} ${ON_CALL}`;
    for (const word of [ON_CALL, 'opaque-care-team', '2026-03-01 13:00 UTC', encodeURIComponent(ROOM), toEnd, REASON]) {
      expect(said[0]?.text).to.include(word);
    }
  });

  it('B1: is in the audit log, with the reason where it is kept encrypted', async () => {
    await fixture.grant.grant(ask({ ticket: 'INC-7' }));
    const [row, ...more] = fixture.storage.audited();
    expect(more).to.deep.equal([]);
    expect(row).to.include({
      action: 'break-glass.grant',
      actor: ON_CALL,
      outcome: 'done',
      reason: REASON,
      ticket: 'INC-7',
    });
    expect(JSON.stringify(row?.details)).not.to.include('collapsed');
  });

  it('is committed before the invitation: what failed is completed when the command is run again', async () => {
    fixture.room.faults = [new RetryableError('away')];
    const fault = await fixture.grant.grant(ask()).catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(RetryableError);
    expect(await fixture.storage.emergencyAccess.open()).to.have.length(1);
    expect(await fixture.grant.grant(ask())).to.have.property('granted');
    expect(fixture.room.members.get(ON_CALL)).to.equal('invite');
    expect(fixture.storage.audited()).to.have.length(1);
    expect(await fixture.said()).to.have.length(1);
  });

  it('is taken back at once, and said so, where the bot may not let the user in', async () => {
    fixture.room.faults = [{ outcome: 'denied', problem: 'The bot may not invite.' }];
    expect(await fixture.grant.grant(ask())).to.deep.equal({ failed: 'The bot may not invite.' });
    expect(await fixture.storage.emergencyAccess.open()).to.deep.equal([]);
    expect(fixture.storage.audited().map(({ action }) => action)).to.deep.equal([
      'break-glass.grant',
      'break-glass.end',
    ]);
    expect((await fixture.said()).at(-1)?.text).to.include('The bot may not invite.');
  });

  it('is announced in the command room, without the reason, where there is no security room', async () => {
    fixture = await breakGlassFixture({ hasSecurityRoom: false });
    await fixture.grant.grant(ask());
    const [said] = await fixture.said();
    expect(said?.roomId).to.equal('!command');
    expect(said?.text).to.include('no security room').and.not.to.include(REASON);
  });

  it('B2: says what is unavailable', async () => {
    fixture = await breakGlassFixture({ unavailable: ['texts by loopback'] });
    expect(await fixture.grant.grant(ask())).to.have.deep.property('unavailable', ['texts by loopback']);
  });

  it('lets who left early in again: the earlier grant ends with the new one', async () => {
    await fixture.grant.grant(ask());
    fixture.room.members.set(ON_CALL, 'leave');
    fixture.clock.now += 60_000;
    const result = await fixture.grant.grant(ask({ cause: '$again' as EventId, forMs: 2 * HOUR_MS }));
    expect(result)
      .to.have.property('granted')
      .that.includes({ expiresAt: fixture.clock.now + 2 * HOUR_MS });
    expect(await fixture.storage.emergencyAccess.open()).to.have.length(1);
  });

  it('is not given anew by the command that gave it, once it is over', async () => {
    await fixture.grant.grant(ask());
    const [open] = await fixture.storage.emergencyAccess.open();
    await fixture.ending.end(open!, { by: PRIVACY, trace: 't' });
    expect(await fixture.grant.grant(ask())).to.have.nested.property('refused.code', 'over');
    expect(fixture.room.members.get(ON_CALL)).to.equal('leave');
  });

  const refusals: readonly [title: string, code: string, changes: Parameters<typeof ask>[0], membership?: string][] = [
    ['without the permission', 'not-permitted', { user: VISITOR }],
    ['without a role', 'not-permitted', { user: PRIVACY }],
    ['without a reason', 'no-reason', { reason: '' }],
    ['with a reason that says nothing', 'no-reason', { reason: 'test test test' }],
    ['for a room that is not governed', 'not-governed', { roomId: '!other' as RoomId }],
    ['for the command room', 'no-patients-room', { roomId: '!command' as RoomId }],
    ['for the security room', 'no-patients-room', { roomId: SECURITY }],
    ['for a whole unit', 'whole-unit', { roomId: '!unit' as RoomId }],
    ['for a member', 'member-already', { user: WARD_NURSE }],
    ['for longer than is allowed', 'too-long', { forMs: 5 * HOUR_MS }],
    ['for somebody of another server', 'other-server', { user: ELSEWHERE }],
    ['for who is invited already', 'invited-already', {}, 'invite'],
    ['for who is banned', 'banned', {}, 'ban'],
  ];
  for (const [title, code, changes, membership] of refusals) {
    it(`is refused ${title}, and nothing is done`, async () => {
      if (membership !== undefined) fixture.room.members.set(ON_CALL, membership);
      const request = ask(changes);
      expect(await fixture.grant.check(request)).to.have.property('code', code);
      expect(await fixture.grant.grant(request)).to.have.nested.property('refused.code', code);
      expect(fixture.room.applied).to.deep.equal([]);
      expect(await fixture.storage.emergencyAccess.open()).to.deep.equal([]);
      expect(await fixture.said()).to.deep.equal([]);
    });
  }

  it('is refused a second time while it is open', async () => {
    await fixture.grant.grant(ask());
    fixture.room.members.set(ON_CALL, 'join');
    const again = await fixture.grant.grant(ask({ cause: '$again' as EventId }));
    expect(again).to.have.nested.property('refused.code', 'open-already');
  });
});
