import { expect } from 'chai';
import { silentLogger } from '../../../src/log.ts';
import { BUILT_IN_CLASSES } from '../../../src/model/built-in-classes.ts';
import { BUILT_IN_ROLES } from '../../../src/model/built-in-roles.ts';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import type { LineId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { Role, RoleId, UnitId } from '../../../src/model/role.ts';
import { CarePolicyView, type CarePolicyViewParts } from '../../../src/services/care-policy-view.ts';
import { Lines } from '../../../src/services/lines.ts';
import { careStores, careTables, type CareTables } from '../../support/fakes/memory-care-stores.ts';

const ADMIN = '@admin:hospital.test' as UserId;
const NURSE = '@nurse:hospital.test' as UserId;
const DOCTOR = '@doctor:hospital.test' as UserId;
const ICU = 'icu' as UnitId;
const LINE = 'front-desk' as LineId;

const PHYSICIAN: Role = {
  id: 'physician' as RoleId,
  name: 'Physician',
  power: 50,
  permissions: new Set(['use-commands']),
  commands: 'all',
  classes: new Set(['none', 'phi']),
  units: new Set([ICU]),
  idleLogoffMs: undefined,
};

function room(id: string, kind: GovernedRoom['kind'], unit?: UnitId): GovernedRoom {
  return {
    roomId: id as RoomId,
    kind,
    phiClass: 'phi',
    opaqueId: 'abcdefgh',
    unit,
    conversation: undefined,
    name: undefined,
    origin: 'made',
    since: 0,
  };
}

function view(tables: CareTables, clock: { now: number }, more: Partial<CarePolicyViewParts> = {}): CarePolicyView {
  const { roles, governedRooms, emergencyAccess, policyVersions } = careStores(() => tables);
  return new CarePolicyView({
    namespace: { bot: '@carebridge:hospital.test' as UserId, ghostPrefix: 'carebridge_', domain: 'hospital.test' },
    roles: new Map([...BUILT_IN_ROLES, [PHYSICIAN.id, PHYSICIAN]]),
    units: [{ id: ICU, name: 'Intensive care' }],
    classes: BUILT_IN_CLASSES,
    admins: [ADMIN],
    lines: new Lines([{ id: LINE, number: '+12125550100' as PhoneNumber, carrier: 'loopback', team: [NURSE] }]),
    roleStore: roles,
    governedRooms,
    emergencyAccess,
    policyVersions,
    log: silentLogger,
    now: () => clock.now,
    ...more,
  });
}

const give = (tables: CareTables, userId: UserId, roleId: string): void => {
  const source = 'command' as const;
  tables.roles.push({ userId, roleId: roleId as RoleId, source, since: 0, until: undefined, givenBy: ADMIN });
};

describe('CarePolicyView', () => {
  it('gives administrators and teams their roles without anything stored', async () => {
    const { assigned, teams } = await view(careTables(), { now: 0 }).current();
    expect([...assigned].map(([user, roles]) => [user, roles.map(({ id }) => id)])).to.deep.equal([
      [ADMIN, ['administrator']],
      [NURSE, ['line-team']],
    ]);
    expect(teams.get(LINE)).to.deep.equal(new Set([NURSE]));
  });

  it('adds the roles that were given, once each, and none that is no longer configured', async () => {
    const tables = careTables();
    for (const role of ['physician', 'administrator', 'gone']) give(tables, DOCTOR, role);
    give(tables, ADMIN, 'administrator');
    const { assigned } = await view(tables, { now: 0 }).current();
    expect(assigned.get(DOCTOR)?.map(({ id }) => id)).to.deep.equal(['physician', 'administrator']);
    expect(assigned.get(ADMIN)).to.have.length(1);
  });

  it('knows the spaces of units and the care teams in them', async () => {
    const tables = careTables();
    tables.governedRooms.push(room('!icu', 'unit', ICU), room('!team', 'care-team', ICU), room('!all', 'care-team'));
    tables.governedRooms.push(room('!patient', 'conversation', ICU));
    const { unitSpaces, unitRooms } = await view(tables, { now: 0 }).current();
    expect([...unitSpaces]).to.deep.equal([[ICU, '!icu']]);
    expect(unitRooms?.get(ICU)).to.deep.equal(new Set(['!team']));
  });

  it('ends an emergency admission at its time, without being told (B1)', async () => {
    const tables = careTables();
    const clock = { now: 1_000 };
    tables.emergencyAccess.push({
      id: '1',
      roomId: '!a' as RoomId,
      userId: DOCTOR,
      reason: 'x',
      grantedAt: 0,
      expiresAt: 2_000,
      endedAt: undefined,
      endedBy: undefined,
    });
    const policies = view(tables, clock);
    expect((await policies.current()).emergencies.get('!a' as RoomId)).to.deep.equal(new Set([DOCTOR]));
    clock.now = 2_000;
    expect((await policies.current()).emergencies.size).to.equal(0);
  });

  it('is made once for each change, and tells who listens', async () => {
    const tables = careTables();
    const policies = view(tables, { now: 0 });
    let told = 0;
    const stop = policies.onChange(() => told++);
    const first = await policies.current();
    give(tables, DOCTOR, 'physician');
    expect(await policies.current()).to.equal(first);
    policies.invalidate();
    expect((await policies.current()).assigned.has(DOCTOR)).to.equal(true);
    stop();
    policies.invalidate();
    expect(told).to.equal(1);
  });

  it('is another one when other devices are not verified, and the same while they are the same', async () => {
    const policy = view(careTables(), { now: 0 });
    let changes = 0;
    policy.onChange(() => changes++);
    expect((await policy.current()).unverifiedDevices).to.equal(undefined);
    policy.setUnverifiedDevices(new Map([[DOCTOR, ['A', 'B']]]));
    policy.setUnverifiedDevices(new Map([[DOCTOR, ['B', 'A']]]));
    expect(changes).to.equal(1);
    expect((await policy.current()).unverifiedDevices?.get(DOCTOR)).to.deep.equal(['A', 'B']);
    policy.setUnverifiedDevices(new Map());
    expect(changes).to.equal(2);
    expect((await policy.current()).unverifiedDevices?.size).to.equal(0);
  });

  it('does not keep what was read before a change that came meanwhile', async () => {
    const tables = careTables();
    const policies = view(tables, { now: 0 });
    const before = policies.current();
    give(tables, DOCTOR, 'physician');
    policies.invalidate();
    await before;
    expect((await policies.current()).assigned.has(DOCTOR)).to.equal(true);
  });

  it('tries again after a fault of the store', async () => {
    const tables = careTables();
    const { roles } = careStores(() => tables);
    let isAway = true;
    const current = () => (isAway ? Promise.reject(new Error('away')) : roles.current());
    const policies = view(tables, { now: 0 }, { roleStore: { ...roles, current } });
    const fault: unknown = await policies.current().catch((error: unknown) => error);
    expect(fault).to.be.an('error');
    isAway = false;
    expect((await policies.current()).assigned.size).to.equal(2);
  });

  it('keeps the role table and the classes as versions, a new one only where they differ (F7)', async () => {
    const tables = careTables();
    const clock = { now: 1 };
    await view(tables, clock).start();
    clock.now = 2;
    await view(tables, clock).start();
    expect(tables.policyVersions.map(({ subject, version }) => `${subject} ${version}`)).to.have.members([
      'roles 1',
      'phi-classes 1',
    ]);
    clock.now = 3;
    await view(tables, clock, { units: [] }).start();
    expect(tables.policyVersions.filter(({ subject }) => subject === 'roles')).to.have.length(2);
    expect(tables.policyVersions[0]?.content).to.include('"permissions":["approve","break-glass"');
  });

  it('A7 gives whoever was offboarded no role, whatever names them, and the successor the line’s', async () => {
    const tables = careTables();
    const lines = new Lines([{ id: LINE, number: '+12125550100' as PhoneNumber, carrier: 'loopback', team: [NURSE] }]);
    lines.setAbsent([{ userId: NURSE, successor: DOCTOR, isGone: true }]);
    const given = { source: 'directory' as const, since: 0, until: undefined, givenBy: 'ldap' };
    tables.roles.push({ userId: NURSE, roleId: PHYSICIAN.id, ...given });
    const { assigned, teams } = await view(tables, { now: 0 }, { lines, admins: [ADMIN, NURSE] }).current();
    expect([...assigned].map(([user, roles]) => [user, roles.map(({ id }) => id)])).to.deep.equal([
      [ADMIN, ['administrator']],
      [DOCTOR, ['line-team']],
    ]);
    expect(teams.get(LINE)).to.deep.equal(new Set([DOCTOR]));
    lines.setAbsent([{ userId: ADMIN, successor: undefined, isGone: false }]);
    expect((await view(tables, { now: 0 }, { lines }).current()).absent).to.deep.equal(new Set([ADMIN]));
  });

  it('makes the roles of the configuration of what it says, not of what it once gave', async () => {
    const tables = careTables();
    const source = 'configuration' as const;
    tables.roles.push({ userId: DOCTOR, roleId: PHYSICIAN.id, source, since: 0, until: undefined, givenBy: source });
    expect((await view(tables, { now: 1 }).current()).assigned.has(DOCTOR)).to.equal(false);
  });
});
