import { expect } from 'chai';
import type { Command } from '../../../src/commands/command.ts';
import { decisionRefusal } from '../../../src/commands/may-decide.ts';
import type { UserId } from '../../../src/model/ids.ts';
import type { Permission } from '../../../src/model/permission.ts';
import { lineTeamPolicy, role } from '../../support/line-team-policy.ts';

const user = (name: string) => `@${name}:hospital.test` as UserId;
const [ASKER, PEER, APPROVER, VISITOR] = [user('asker'), user('peer'), user('approver'), user('visitor')];
const holder = (...permissions: Permission[]) => [role(permissions.join('-'), ['use-commands', ...permissions])];

const POLICY = lineTeamPolicy(
  { bot: user('carebridge'), ghostPrefix: 'carebridge_', domain: 'hospital.test' },
  [],
  [],
  {
    [ASKER]: holder('manage-accounts', 'approve'),
    [PEER]: holder('manage-accounts'),
    [APPROVER]: holder('approve'),
    [VISITOR]: holder('view-rooms'),
  },
);
const COMMAND = { name: 'lock', permission: 'manage-accounts' } as Command;

type Case = readonly [by: UserId, isYes: boolean, isTyped: boolean, needsSecondPerson: boolean, refused: RegExp | 'no'];

describe('who may decide about a command', () => {
  for (const [by, isYes, isTyped, needsSecondPerson, refused] of [
    // One person is enough: whoever asked reacts, others who may run it type.
    [ASKER, true, false, false, 'no'],
    [PEER, true, true, false, 'no'],
    [PEER, true, false, false, /is typed, on a verified device/],
    [APPROVER, true, true, false, /you may not decide/],
    // Two people: another one, who may approve.
    [ASKER, true, true, true, /needs two people/],
    [PEER, true, true, true, /you may not decide/],
    [APPROVER, true, true, true, 'no'],
    [APPROVER, true, false, true, /is typed, on a verified device/],
    // A no is for whoever has to do with it.
    [ASKER, false, false, true, 'no'],
    [PEER, false, false, true, 'no'],
    [APPROVER, false, false, false, 'no'],
    [VISITOR, false, true, false, /you may not decide/],
    [VISITOR, true, true, false, /you may not decide/],
  ] satisfies readonly Case[]) {
    const how = `${isTyped ? 'types' : 'reacts with'} ${isYes ? 'yes' : 'no'}`;
    it(`D6 ${by} ${how}, where ${needsSecondPerson ? 'two people are' : 'one is'} needed: ${refused === 'no' ? 'counts' : 'refused'}`, () => {
      const found = decisionRefusal(POLICY, COMMAND, { requestedBy: ASKER, needsSecondPerson }, { by, isYes, isTyped });
      if (refused === 'no') expect(found).to.equal(undefined);
      else expect(found?.why).to.match(refused);
    });
  }

  it('D3, D6 whoever is locked out decides nothing', () => {
    const policy = { ...POLICY, absent: new Set([PEER]) };
    for (const isYes of [true, false]) {
      const decision = { by: PEER, isYes, isTyped: true };
      const found = decisionRefusal(policy, COMMAND, { requestedBy: ASKER, needsSecondPerson: false }, decision);
      expect(found?.why).to.match(/you may not decide/);
    }
  });
});
