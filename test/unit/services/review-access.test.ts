import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { PermanentError, UserError } from '../../../src/errors.ts';
import type { GovernedRoom, RoomKind } from '../../../src/model/governed-room.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { RoomSnapshot } from '../../../src/model/room-snapshot.ts';
import { csvLine } from '../../../src/services/csv.ts';
import { accessReviewCsv, ReviewAccess } from '../../../src/services/review-access.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { policyWith, roleId, user } from '../../support/roles-fixture.ts';

const { namespace } = policyWith({});
const DAY = Date.UTC(2026, 0, 2);

function room(id: string, kind: RoomKind, name: string | undefined): GovernedRoom {
  return {
    roomId: `!${id}` as RoomId,
    kind,
    phiClass: 'phi',
    opaqueId: id,
    unit: undefined,
    conversation: undefined,
    name,
    origin: 'made',
    since: 0,
  };
}

describe('access review', () => {
  const members: Record<string, Record<string, string>> = {
    '!a': { lee: 'join', kim: 'invite', gone: 'leave', banned: 'ban', carebridge: 'join', _carebridge_x: 'join' },
    '!c': { lee: 'join', stranger: 'join' },
  };

  async function review() {
    const { roles, governedRooms } = memoryStorage();
    const give = (name: string, id: string, source: 'csv' | 'command') =>
      roles.give({ userId: user(name), roleId: roleId(id), source, givenBy: 'x', at: DAY });
    await give('lee', 'nurse', 'csv');
    await give('lee', 'auditor', 'command');
    await give('zoe', 'nurse', 'csv');
    for (const one of [
      room('a', 'care-team', '=Ward "3"'),
      room('c', 'conversation', undefined),
      room('lost', 'unit', 'ICU'),
    ])
      await governedRooms.add(one);
    const access = new ReviewAccess({
      namespace,
      roles,
      governedRooms,
      control: {
        async snapshot(roomId) {
          const found = members[roomId];
          if (found === undefined) throw new PermanentError('The bot is not in the room.');
          const map = new Map(Object.entries(found).map(([name, state]) => [user(name), state]));
          return { members: map } as unknown as RoomSnapshot;
        },
      },
      async devicesOf(userId: UserId) {
        if (userId === user('stranger')) throw new UserError('This mode cannot say.');
        if (userId !== user('lee')) return [];
        const unknown = { ip: '10.0.0.1', userAgent: undefined };
        return [
          { deviceId: 'PHONE', name: 'Lee’s phone', lastSeenAt: DAY, ...unknown },
          { deviceId: 'DESK', name: undefined, lastSeenAt: DAY + 1_000, ...unknown },
        ];
      },
    });
    return access.run();
  }

  it('A8 the file is the live state: everybody with a role or in a room, none of our own users', async () => {
    const rows = parse(accessReviewCsv(await review()), { columns: true }) as unknown;
    const none = { roles: '', rooms: '', invitations: '', devices: '', last_seen: '' };
    expect(rows).to.deep.equal([
      { ...none, user: user('kim'), invitations: 'care-team =Ward "3" (phi)' },
      {
        user: user('lee'),
        roles: 'auditor (command, since 2026-01-02); nurse (csv, since 2026-01-02)',
        rooms: 'care-team =Ward "3" (phi); conversation c (phi)',
        invitations: '',
        devices: 'DESK; PHONE (Lee’s phone)',
        last_seen: '2026-01-02T00:00:01.000Z',
      },
      { ...none, user: user('stranger'), rooms: 'conversation c (phi)', devices: 'not known' },
      { ...none, user: user('zoe'), roles: 'nurse (csv, since 2026-01-02)' },
      { ...none, user: 'not known: the bot is not in these rooms', rooms: '!lost' },
    ]);
  });

  it('A8 names the rooms that the bot cannot see', async () => {
    expect(await review()).to.deep.include({ rooms: 3, unseenRooms: ['!lost'] });
  });
});

describe('csvLine', () => {
  for (const [cell, expected] of [
    ['plain', 'plain'],
    ['a "b", c', '"a ""b"", c"'],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ['+1', '"\'+1"'],
    ['@SUM(1)', '"\'@SUM(1)"'],
    ['@lee:hospital.test', '@lee:hospital.test'],
    ['@SUM(1):hospital.test', '"\'@SUM(1):hospital.test"'],
  ] as const) {
    it(`writes ${JSON.stringify(cell)} so that no spreadsheet runs it`, () => {
      expect(csvLine([cell])).to.equal(`${expected}\r\n`);
    });
  }
});
