import { expect } from 'chai';
import type { UserId } from '../../../src/model/ids.ts';
import { isOver, judgeRepair, PEACE, type WarState } from '../../../src/policy/war.ts';

const LIMITS = { repairs: 3, windowMs: 1_000, pauseMs: 5_000 };
const A = '@bot-a:hospital.test' as UserId;
const B = '@bot-b:hospital.test' as UserId;

/** What is said to each change in turn. */
function play(changes: readonly (readonly [at: number, by: UserId])[]): { verdicts: string[]; state: WarState } {
  let state = PEACE;
  const verdicts = changes.map(([at, by]) => {
    const judged = judgeRepair(state, by, at, LIMITS);
    state = judged.state;
    return judged.verdict === 'war' ? `war with ${judged.with.join(' ')}` : judged.verdict;
  });
  return { verdicts, state };
}

describe('war over a rule', () => {
  const table: readonly (readonly [what: string, changes: [number, UserId][], verdicts: string[]])[] = [
    ['one change is put right', [[0, A]], ['repair']],
    [
      'the same again within the window is a war after so many',
      [0, 100, 200, 300].map((at) => [at, A]),
      ['repair', 'repair', 'repair', `war with ${A}`],
    ],
    [
      'two who take turns are one war, and both are named',
      [
        [0, A],
        [100, B],
        [200, A],
        [300, B],
      ],
      ['repair', 'repair', 'repair', `war with ${A} ${B}`],
    ],
    [
      'slow changes are none',
      [0, 600, 1_200, 1_800, 2_400].map((at) => [at, A]),
      ['repair', 'repair', 'repair', 'repair', 'repair'],
    ],
    [
      'what is at the edge of the window no longer counts',
      [0, 100, 200, 1_000].map((at) => [at, A]),
      ['repair', 'repair', 'repair', 'repair'],
    ],
    [
      'it is left alone while it is paused, and taken up after it',
      [0, 1, 2, 3, 4, 5_002, 5_003].map((at) => [at, A]),
      ['repair', 'repair', 'repair', `war with ${A}`, 'paused', 'paused', 'repair'],
    ],
    [
      'it may become a war again',
      [0, 1, 2, 3, 6_000, 6_001, 6_002, 6_003].map((at) => [at, A]),
      ['repair', 'repair', 'repair', `war with ${A}`, 'repair', 'repair', 'repair', `war with ${A}`],
    ],
    [
      'a clock that was put back is no war',
      [
        [5_000, A],
        [5_001, A],
        [5_002, A],
        [10, A],
      ],
      ['repair', 'repair', 'repair', 'repair'],
    ],
  ];
  for (const [what, changes, verdicts] of table) {
    it(what, () => expect(play(changes).verdicts).to.deep.equal(verdicts));
  }

  it('is over after the window, and after the pause', () => {
    const fought = play([[0, A]]).state;
    expect([isOver(fought, 999, LIMITS), isOver(fought, 1_000, LIMITS)]).to.deep.equal([false, true]);
    const paused = play([0, 1, 2, 3].map((at): [number, UserId] => [at, A])).state;
    expect([isOver(paused, 5_002, LIMITS), isOver(paused, 5_003, LIMITS)]).to.deep.equal([false, true]);
    expect(isOver(PEACE, 0, LIMITS)).to.equal(true);
  });
});
