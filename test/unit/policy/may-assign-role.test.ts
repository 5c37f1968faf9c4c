import { expect } from 'chai';
import type { CommandName } from '../../../src/model/command-name.ts';
import type { UserId } from '../../../src/model/ids.ts';
import type { Role } from '../../../src/model/role.ts';
import { refuseAssignment, refuseHolder, refuseLastAdministrator } from '../../../src/policy/may-assign-role.ts';
import { policyWith, roleId, ROLES, user } from '../../support/roles-fixture.ts';

const policy = policyWith({
  admin: ['administrator'],
  clerk: ['clerk'],
  nurse: ['nurse'],
  carebridge: ['administrator'],
  both: ['clerk', 'auditor'],
});

function named(id: string): Role {
  const role = ROLES.get(roleId(id));
  if (role === undefined) throw new Error(`no role ${id}`);
  return role;
}

describe('refuseAssignment', () => {
  const cases: readonly (readonly [actor: string, verb: 'give' | 'take', role: string, user: string, code?: string])[] =
    [
      ['admin', 'give', 'administrator', 'nurse'],
      ['admin', 'give', 'physician', 'admin'],
      ['admin', 'take', 'administrator', 'admin'],
      ['clerk', 'give', 'nurse', 'lee'],
      ['clerk', 'give', 'physician', 'lee'],
      ['clerk', 'take', 'nurse', 'lee'],
      ['clerk', 'give', 'administrator', 'clerk', 'above-own'],
      ['clerk', 'take', 'administrator', 'admin', 'above-own'],
      ['clerk', 'give', 'auditor', 'lee', 'above-own'],
      ['both', 'give', 'auditor', 'lee'],
      ['clerk', 'give', 'nurse', 'clerk', 'own-reach'],
      ['clerk', 'give', 'physician', 'clerk', 'own-reach'],
      ['clerk', 'give', 'clerk', 'clerk'],
      ['nurse', 'give', 'nurse', 'lee', 'not-permitted'],
      ['lee', 'give', 'nurse', 'lee', 'not-permitted'],
      ['carebridge', 'give', 'nurse', 'lee', 'not-permitted'],
      ['admin', 'give', 'nurse', 'carebridge', 'ours'],
      ['admin', 'give', 'nurse', '_carebridge_abc', 'ours'],
      ['admin', 'give', 'nurse', '_carebridge', 'ours'],
      ['admin', 'take', 'nurse', '_carebridge_abc'],
    ];
  for (const [actor, verb, role, target, code] of cases) {
    it(`A9 ${actor} may ${code === undefined ? '' : 'not '}${verb} ${role}: ${target}${code ? ` (${code})` : ''}`, () => {
      const asked = { actor: user(actor), user: user(target), role: named(role), verb };
      const refusal = refuseAssignment(policy, asked);
      expect(refusal?.code).to.equal(code);
      if (refusal) expect(refusal.message).to.match(/Nothing was done\.$/);
    });
  }
});

describe('roles that are limited to some commands', () => {
  const limited = (id: string, ...only: CommandName[]): Role => ({ ...named(id), commands: new Set(only) });
  const may = (own: readonly Role[], role: Role) =>
    refuseAssignment(
      { ...policy, assigned: new Map([[user('admin'), own]]) },
      { actor: user('admin'), user: user('lee'), role, verb: 'give' },
    )?.code;

  it('A9 give no more commands than their holder has, by one role or by several', () => {
    const clerk = limited('clerk', 'role give', 'text');
    expect(may([clerk], limited('nurse', 'text'))).to.equal(undefined);
    expect(may([clerk], limited('nurse', 'text', 'who'))).to.equal('above-own');
    expect(may([clerk], named('nurse'))).to.equal('above-own');
    expect(may([clerk, limited('nurse', 'who')], limited('nurse', 'text', 'who'))).to.equal(undefined);
    expect(may([clerk, named('nurse')], named('nurse'))).to.equal(undefined);
  });

  it('A9 do not make a manager of roles of somebody who cannot use `role give`', () => {
    const [manager, reader] = [limited('clerk', 'role give'), limited('clerk', 'role list')];
    expect(refuseLastAdministrator([[manager], [reader]], [[reader]])?.code).to.equal('last-administrator');
    expect(refuseLastAdministrator([[manager], [reader]], [[manager]])).to.equal(undefined);
  });
});

describe('refuseHolder', () => {
  for (const [id, code] of [
    ['@lee:hospital.test', undefined],
    ['@lee:elsewhere.test', 'other-server'],
    ['@lee:sub.hospital.test', 'other-server'],
    ['@carebridge:hospital.test', 'ours'],
    ['@_carebridge_x:hospital.test', 'ours'],
    ['@_carebridge:hospital.test', 'ours'],
    ['@_carebridge_x:elsewhere.test', 'other-server'],
    ['@left:hospital.test', 'gone'],
  ] as const) {
    it(`A5 ${id}: ${code ?? 'may hold a role'}`, () => {
      expect(refuseHolder({ ...policy, gone: new Set([user('left')]) }, id as UserId)?.code).to.equal(code);
    });
  }
});

describe('refuseLastAdministrator', () => {
  const [admin, clerk, nurse] = [[named('administrator')], [named('clerk')], [named('nurse')]];
  for (const [what, before, after, code] of [
    ['one of two goes', [admin, admin], [admin], undefined],
    ['somebody else who manages roles stays', [admin, clerk], [clerk, []], undefined],
    ['the last goes', [admin, nurse], [[], nurse], 'last-administrator'],
    ['everybody goes', [admin], [], 'last-administrator'],
    ['there was none before', [nurse], [], undefined],
  ] as const) {
    it(`A9 ${what}: ${code ?? 'may be'}`, () => {
      expect(refuseLastAdministrator(before, after)?.code).to.equal(code);
    });
  }
});
