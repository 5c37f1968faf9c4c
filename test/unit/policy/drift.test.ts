/** What becomes of everything that somebody can do to a governed room by hand (A3-A6, E1, E4). */
import { expect } from 'chai';
import { reconcile } from '../../../src/policy/reconcile.ts';
import { apply, careRoom, freshRoom, hospitalPolicy } from '../../support/care-room.ts';
import { DRIFTS } from './drift-cases.ts';

describe('drift of a governed room', () => {
  it('is known in more than 100 kinds', () => {
    expect(Object.values(DRIFTS).flat()).to.have.length.above(100);
  });

  for (const [subject, drifts] of Object.entries(DRIFTS)) {
    describe(`of its ${subject}`, () => {
      for (const drift of drifts) {
        it(`${drift.what}: ${drift.becomes} (A4)`, () => {
          const policy = hospitalPolicy();
          const room = careRoom(drift.in);
          const fresh = freshRoom(policy, room, drift.version);
          expect(reconcile(policy, room, fresh), 'nothing to do before').to.deep.equal([]);
          const drifted = drift.by(fresh);
          const changes = reconcile(policy, room, drifted);
          expect(
            changes.map(({ rule }) => rule),
            'the rule that sees it',
          ).to.include(drift.rule);
          const isReport = changes.filter(({ rule }) => rule === drift.rule).every(({ kind }) => kind === 'report');
          expect(isReport ? 'reported' : 'repaired').to.equal(drift.becomes);
          for (const { why } of changes) expect(why).to.match(/\.$/).and.not.match(/\d{6}/);
          const after = reconcile(policy, room, apply(drifted, changes));
          expect(
            after.filter(({ kind }) => kind !== 'report'),
            'settled',
          ).to.deep.equal([]);
          const stays = after.some(({ rule }) => rule === drift.rule);
          expect(stays, 'still reported').to.equal(drift.becomes === 'reported');
        });
      }
    });
  }
});
