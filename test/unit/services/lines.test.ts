import { expect } from 'chai';
import type { LineId, UserId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import { Lines } from '../../../src/services/lines.ts';

const user = (name: string) => `@${name}:hospital.test` as UserId;
const line = (id: string, ...team: string[]) => ({
  id: id as LineId,
  number: '+12125550100' as PhoneNumber,
  carrier: 'plain',
  team: team.map(user),
});
const teams = (lines: readonly { id: LineId; team: readonly UserId[] }[]) =>
  Object.fromEntries(lines.map(({ id, team }) => [id, team.map((member) => member.slice(1, member.indexOf(':')))]));

describe('lines with absent members (D7)', () => {
  let lines: Lines;
  beforeEach(() => (lines = new Lines([line('desk', 'lee', 'kim'), line('night', 'lee')], [user('admin')])));

  it('D7 skips a locked user, keeps the place in rooms, and falls back where nobody is left', () => {
    lines.setAbsent([{ userId: user('lee'), successor: undefined, isGone: false }]);
    expect(teams(lines.all)).to.deep.equal({ desk: ['kim'], night: ['admin'] });
    expect(teams(lines.assigned)).to.deep.equal({ desk: ['lee', 'kim'], night: ['lee', 'admin'] });
    expect(lines.ofMember(user('lee'))).to.deep.equal([]);
    expect(lines.ofMember(user('admin')).map(({ id }) => id)).to.deep.equal(['night']);
  });

  it('A7 hands the lines of a leaver to the successor, everywhere', () => {
    lines.setAbsent([{ userId: user('lee'), successor: user('pat'), isGone: true }]);
    for (const all of [lines.all, lines.assigned])
      expect(teams(all)).to.deep.equal({ desk: ['kim', 'pat'], night: ['pat'] });
    expect(lines.gone).to.deep.equal(new Set([user('lee')]));
  });

  it('follows nobody who is absent too', () => {
    lines.setAbsent([
      { userId: user('lee'), successor: user('pat'), isGone: true },
      { userId: user('pat'), successor: undefined, isGone: true },
    ]);
    expect(teams(lines.all)).to.deep.equal({ desk: ['kim'], night: ['admin'] });
  });

  it('D8 is as configured when nobody is absent any more', () => {
    lines.setAbsent([{ userId: user('lee'), successor: user('pat'), isGone: true }]);
    lines.setAbsent([]);
    expect(teams(lines.all)).to.deep.equal({ desk: ['lee', 'kim'], night: ['lee'] });
  });
});
