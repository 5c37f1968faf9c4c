import { expect } from 'chai';
import type { LineId, UserId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import { Lines } from '../../../src/services/lines.ts';
import { recordConfiguredRoles } from '../../../src/services/record-configured-roles.ts';
import { careStores, careTables } from '../../support/fakes/memory-care-stores.ts';

const [ADMIN, SECOND, NURSE, DOCTOR] = ['admin', 'second', 'nurse', 'doctor'].map(
  (name) => `@${name}:hospital.test` as UserId,
) as [UserId, UserId, UserId, UserId];

describe('the roles of the configuration', () => {
  it('F7 A7 are written down, and end when the file changes or somebody is offboarded; each past day can be told', async () => {
    const tables = careTables();
    const { roles } = careStores(() => tables);
    const line = { id: 'front-desk' as LineId, number: '+12125550100' as PhoneNumber, carrier: 'loopback' };
    const lines = new Lines([{ ...line, team: [NURSE] }]);
    const record = (admins: readonly UserId[], at: number) => recordConfiguredRoles({ roles, admins, lines }, at);
    await record([ADMIN, SECOND], 1);
    await record([ADMIN, SECOND], 2);
    lines.setAbsent([
      { userId: NURSE, successor: DOCTOR, isGone: true },
      { userId: SECOND, successor: undefined, isGone: true },
    ]);
    await record([ADMIN, SECOND], 5);
    lines.setAbsent([]);
    await record([ADMIN], 9);
    expect(tables.roles.map(({ userId, roleId, since, until }) => [userId, roleId, since, until])).to.deep.equal([
      [ADMIN, 'administrator', 1, undefined],
      [NURSE, 'line-team', 1, 5],
      [SECOND, 'administrator', 1, 5],
      [DOCTOR, 'line-team', 5, 9],
      [NURSE, 'line-team', 9, undefined],
    ]);
    expect((await roles.asOf(4)).map(({ userId }) => userId)).to.deep.equal([ADMIN, NURSE, SECOND]);
    expect((await roles.asOf(6)).map(({ userId }) => userId)).to.deep.equal([ADMIN, DOCTOR]);
  });

  it('leave alone what other sources gave', async () => {
    const tables = careTables();
    const { roles } = careStores(() => tables);
    const assignment = { userId: DOCTOR, roleId: 'administrator' as never, givenBy: ADMIN, at: 1 };
    await roles.give({ ...assignment, source: 'command' });
    await recordConfiguredRoles({ roles, admins: [DOCTOR], lines: new Lines([]) }, 2);
    await recordConfiguredRoles({ roles, admins: [], lines: new Lines([]) }, 3);
    expect((await roles.current()).map(({ userId, source }) => [userId, source])).to.deep.equal([[DOCTOR, 'command']]);
  });
});
