import { expect } from 'chai';
import type { RoleAssignment, RoleSource } from '../../../src/model/role.ts';
import { roleChanges, rolesAfter, type UserRole } from '../../../src/policy/role-changes.ts';
import { policyWith, roleId, user } from '../../support/roles-fixture.ts';

function held(name: string, role: string, source: RoleSource): RoleAssignment {
  return { ...one(name, role), source, since: 1, until: undefined, givenBy: 'x' };
}

function one(name: string, role: string): UserRole {
  return { userId: user(name), roleId: roleId(role) };
}

describe('roleChanges', () => {
  const current = [
    held('a', 'nurse', 'csv'),
    held('b', 'nurse', 'csv'),
    held('b', 'nurse', 'command'),
    held('c', 'nurse', 'directory'),
  ];
  const cases: readonly { what: string; wanted: UserRole[]; give: UserRole[]; take: UserRole[] }[] = [
    { what: 'what is there already is no change', wanted: [one('b', 'nurse'), one('a', 'nurse')], give: [], take: [] },
    {
      what: 'what is new is given, what is not said is taken',
      wanted: [one('z', 'nurse'), one('a', 'auditor'), one('a', 'nurse')],
      give: [one('a', 'auditor'), one('z', 'nurse')],
      take: [one('b', 'nurse')],
    },
    {
      what: 'what another source gave is given too, and never taken',
      wanted: [one('c', 'nurse')],
      give: [one('c', 'nurse')],
      take: [one('a', 'nurse'), one('b', 'nurse')],
    },
    {
      what: 'nothing said takes everything of the source',
      wanted: [],
      give: [],
      take: [one('a', 'nurse'), one('b', 'nurse')],
    },
    {
      what: 'said twice is given once',
      wanted: [one('a', 'nurse'), one('b', 'nurse'), one('d', 'nurse'), one('d', 'nurse')],
      give: [one('d', 'nurse')],
      take: [],
    },
  ];
  for (const { what, wanted, give, take } of cases) {
    it(`A4 ${what}`, () => expect(roleChanges(current, 'csv', wanted)).to.deep.equal({ give, take }));
  }
});

describe('rolesAfter', () => {
  const policy = policyWith({ a: ['nurse', 'auditor'], b: ['nurse'] });
  const current = [held('a', 'nurse', 'csv'), held('b', 'nurse', 'csv'), held('b', 'nurse', 'command')];

  it('A4 takes what no other source gives too, and gives what is configured', () => {
    const changes = {
      take: [one('a', 'nurse'), one('b', 'nurse')],
      give: [one('c', 'clerk'), one('c', 'no-such-role')],
    };
    const after = rolesAfter(policy, current, 'csv', changes);
    const ids = [...after].map(([userId, roles]) => [userId, roles.map(({ id }) => id)]);
    expect(ids).to.deep.equal([
      [user('a'), ['auditor']],
      [user('b'), ['nurse']],
      [user('c'), ['clerk']],
    ]);
  });
});
