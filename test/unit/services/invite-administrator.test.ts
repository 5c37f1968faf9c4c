import { expect } from 'chai';
import type { RoomKind } from '../../../src/model/governed-room.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { InviteAdministrator } from '../../../src/services/invite-administrator.ts';
import { FakeRoomControl } from '../../support/fakes/fake-room-control.ts';
import { lineTeamPolicy } from '../../support/line-team-policy.ts';

const NAMESPACE = { bot: '@carebot:hospital.test' as UserId, ghostPrefix: 'care_', domain: 'hospital.test' };
const LEE = '@lee:hospital.test' as UserId;

describe('Inviting an administrator', () => {
  let control: FakeRoomControl;
  let rooms: Map<RoomKind, RoomId>;

  beforeEach(async () => {
    control = new FakeRoomControl(NAMESPACE.bot);
    rooms = new Map();
    for (const kind of ['command', 'security'] as const) {
      const plan = { key: kind, name: kind, topic: '', isSpace: false, federate: false, initialState: [], invite: [] };
      rooms.set(kind, await control.create(plan));
    }
  });

  const invite = (admins: readonly UserId[] = [LEE]) =>
    new InviteAdministrator({
      control,
      policy: { current: async () => lineTeamPolicy(NAMESPACE, admins, []) },
      governedRooms: {
        ofKind: async (kind) => {
          const roomId = rooms.get(kind);
          return roomId === undefined ? [] : ([{ roomId, kind, phiClass: 'phi' }] as never);
        },
      },
    }).run(LEE);
  const memberships = () => [...control.rooms.values()].map(({ members }) => members.get(LEE));

  it('asks into both rooms who was never in, left by themselves, or was banned', async () => {
    control.move(rooms.get('command') as RoomId, LEE, 'leave');
    control.move(rooms.get('security') as RoomId, LEE, 'ban', NAMESPACE.bot);
    expect(await invite()).to.include({ done: true });
    expect(memberships()).to.deep.equal(['invite', 'invite']);
  });

  it('changes nothing for who is in', async () => {
    for (const roomId of rooms.values()) control.move(roomId, LEE, 'join');
    expect((await invite()).verified.join()).to.match(/in the command room already.*in the security room already/);
    expect(control.applied).to.deep.equal([]);
  });

  it('says which room it could not be', async () => {
    control.denies.add('invite');
    const change = await invite();
    expect(change).to.include({ done: false });
    expect(change.problem).to.match(/was not invited to the command room: .+ was not invited to the security room: /s);
  });

  it('A3 asks nobody in who holds no role for it', async () => {
    const error = await invite([]).catch((fault: unknown) => fault as Error);
    expect(error).to.have.property('message').that.includes('holds no role for the command room');
    expect(control.applied).to.deep.equal([]);
  });

  it('says where there is no room yet', async () => {
    rooms.clear();
    expect(await invite().catch((fault: unknown) => fault))
      .to.have.property('message')
      .that.includes('no command room');
  });
});
