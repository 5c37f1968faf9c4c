/** Who may be in which room, with which power: on a real Synapse (A4, A5, A6). */
import { expect } from 'chai';
import { isDeepStrictEqual } from 'node:util';
import { Nurse } from '../../src/cli/demo/nurse.ts';
import type { EventId, RoomId, UserId } from '../../src/model/ids.ts';
import { stateId } from '../../src/model/room-snapshot.ts';
import { reconcile } from '../../src/policy/reconcile.ts';
import { whyNoSynapse, type Staff } from '../integration/matrix/bridge-on-synapse.ts';
import { waitFor } from '../support/wait-for.ts';
import { BOT, GovernedHospital, ICU, statePath } from './support/governed-hospital.ts';

const LEVELS = 'm.room.power_levels';
const path = (roomId: RoomId, rest: string) => `/rooms/${encodeURIComponent(roomId)}/${rest}`;

describe('who is in which room, on a real Synapse', function () {
  this.timeout(180_000);
  let hospital: GovernedHospital;
  let space: RoomId;
  let ward: RoomId;

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) {
      process.stdout.write(`  pending: ${reason}\n`);
      this.skip();
    }
    hospital = await GovernedHospital.start();
    const { physician, clerk } = hospital.staff;
    ({ roomId: space } = await hospital.createUnit.run(ICU));
    await Promise.all([physician.join(space), clerk.join(space)]);
    ward = await hospital.room({ key: 'ward', unit: ICU, name: 'Ward round' }, physician);
  });

  after(async () => {
    await hospital?.[Symbol.asyncDispose]();
  });

  async function levelOf(roomId: RoomId, user: UserId): Promise<unknown> {
    const { users } = (await hospital.asBot('GET', statePath(roomId, LEVELS))) as { users: Record<string, unknown> };
    return users[user];
  }

  async function membership(roomId: RoomId, user: UserId): Promise<unknown> {
    return (await hospital.asBot('GET', statePath(roomId, 'm.room.member', user)))['membership'];
  }

  const removed = (roomId: RoomId, user: UserId) =>
    waitFor(`${user} to be out`, async () => (await membership(roomId, user)) === 'leave');

  describe('every room is right from its first event', () => {
    for (const version of ['9', '10', '11', '12']) {
      it(`in version ${version}: nothing is put right after it was made`, async () => {
        const before = hospital.noted.length;
        const key = `fresh${version}`;
        const made = await hospital.conversation(key, version);
        const team = await hospital.room({ key: `team${version}`, unit: ICU, version }, hospital.staff.physician);
        await hospital.govern.sweepNow();
        for (const room of [made, team]) {
          const snapshot = await hospital.control.refresh(room);
          expect(snapshot.version).to.equal(version);
          const known = await hospital.rooms.find(room);
          expect(reconcile(await hospital.policy.current(), known!, snapshot)).to.deep.equal([]);
        }
        const repairs = hospital.noted.slice(before).filter(({ entry }) => [made, team].includes(entry.roomId!));
        expect(repairs.map(({ entry }) => entry.details)).to.deep.equal([]);
      });
    }
  });

  it('A4: who is promoted by hand is lowered to what the roles say, and the log says who did it and what it was', async () => {
    const { admin, physician } = hospital.staff;
    const roomId = await hospital.room({ key: 'a4' }, admin, physician);
    expect([await levelOf(roomId, admin.userId), await levelOf(roomId, physician.userId)]).to.deep.equal([90, 50]);
    const since = performance.now();
    await hospital.govern.alone(roomId, async () => {
      await hospital.overpower(roomId, admin.userId);
      const levels = await admin.call('GET', statePath(roomId, LEVELS));
      const users = { ...(levels['users'] as object), [physician.userId]: 100 };
      await admin.call('PUT', statePath(roomId, LEVELS), { ...levels, users });
      await waitFor('the event', async () => {
        const { state } = await hospital.control.snapshot(roomId);
        return state.get(stateId(LEVELS))?.sender === admin.userId;
      });
    });
    const { entry } = await hospital.outcome(roomId, ['power-levels'], since);
    expect([await levelOf(roomId, admin.userId), await levelOf(roomId, physician.userId)]).to.deep.equal([90, 50]);
    expect(entry).to.deep.include({ outcome: 'done', cause: `changed by ${admin.userId}` });
    expect(entry.before).to.deep.equal({ [`users ${admin.userId}`]: 100, [`users ${physician.userId}`]: 100 });
    expect(entry.after).to.deep.equal({ [`users ${admin.userId}`]: 90, [`users ${physician.userId}`]: 50 });
    expect(entry.sourceEvent).to.match(/^\$/);
    await waitFor('words in the room', () => hospital.said.some((said) => said.roomId === roomId));
    expect(hospital.said.find((said) => said.roomId === roomId)?.text).to.include(admin.userId);
  });

  it('A4: a role that is given or taken is a power level a moment later', async () => {
    const { nurse } = hospital.staff;
    const roomId = await hospital.room({ key: 'a4role' }, nurse);
    const given = { userId: nurse.userId, roleId: 'physician', source: 'command', at: Date.now() } as never;
    await hospital.storage.roles.give({ ...(given as object), givenBy: 'test' } as never);
    hospital.policy.invalidate();
    await waitFor('the level', async () => (await levelOf(roomId, nurse.userId)) === 50);
    await hospital.storage.roles.take({ ...(given as object), takenBy: 'test' } as never);
    hospital.policy.invalidate();
    await waitFor('the level', async () => (await levelOf(roomId, nurse.userId)) === undefined);
  });

  describe('A5: nobody without the role stays in a room with PHI', () => {
    it('who comes in by the unit’s space without the class is let out, and reads why in Element', async () => {
      // A role of the unit, but not for PHI: the join rule lets them in.
      const account = await hospital.on.synapse.registerUser('temp');
      const temp = await Nurse.login(hospital.on.synapse.url, account);
      try {
        const userId = account.userId as UserId;
        await hospital.storage.roles.give({
          userId,
          roleId: 'clerk' as never,
          source: 'command',
          givenBy: 'test',
          at: 0,
        });
        hospital.policy.invalidate();
        await waitFor('the invitation', async () => (await membership(space, userId).catch(() => '')) === 'invite');
        await temp.client.joinRoom(space);
        const since = performance.now();
        await temp.client.joinRoom(ward);
        const joined = performance.now();
        const { entry, at } = await hospital.outcome(ward, ['members'], since);
        expect(at - joined).to.be.lessThan(5_000);
        expect(entry).to.deep.include({ target: userId, outcome: 'done', after: 'leave' });
        const me = await waitFor('the client to see it', () => {
          const member = temp.client.getRoom(ward)?.getMember(userId);
          return member?.membership === 'leave' ? member : undefined;
        });
        expect(String(me.events.member?.getContent()['reason'])).to.include(
          'none of your roles may see rooms of class phi',
        );
      } finally {
        temp.stop();
      }
    });

    const ways: readonly [string, (roomId: RoomId, stranger: Staff) => Promise<unknown>][] = [
      [
        'by an invitation',
        async (roomId, stranger) => {
          await hospital.asBot('POST', path(roomId, 'invite'), { user_id: stranger.userId });
          await stranger.join(roomId);
        },
      ],
      [
        'because the room was made public',
        async (roomId, stranger) => {
          await hospital.asBot('PUT', statePath(roomId, 'm.room.join_rules'), { join_rule: 'public' });
          await stranger.join(roomId);
        },
      ],
      [
        'by knocking',
        async (roomId, stranger) => {
          await hospital.asBot('PUT', statePath(roomId, 'm.room.join_rules'), { join_rule: 'knock' });
          await stranger.call('POST', `/knock/${encodeURIComponent(roomId)}`, {});
        },
      ],
    ];
    for (const [what, comeIn] of ways) {
      it(`a stranger who is there ${what} is let out within seconds`, async () => {
        const { stranger } = hospital.staff;
        const since = performance.now();
        await hospital.govern.alone(ward, () => comeIn(ward, stranger));
        const { entry } = await hospital.outcome(ward, ['members'], since);
        expect(entry).to.include({ target: stranger.userId, outcome: 'done' });
        await removed(ward, stranger.userId);
        const rule = await hospital.asBot('GET', statePath(ward, 'm.room.join_rules'));
        expect(rule['join_rule']).to.equal('restricted');
      });
    }

    it('who loses the role is out of all rooms', async () => {
      const { physician } = hospital.staff;
      const taken = { userId: physician.userId, roleId: 'physician' as never, source: 'command' } as const;
      await hospital.storage.roles.take({ ...taken, takenBy: 'test', at: Date.now() });
      hospital.policy.invalidate();
      await Promise.all([space, ward].map((roomId) => removed(roomId, physician.userId)));
      await hospital.storage.roles.give({ ...taken, givenBy: 'test', at: Date.now() });
      hospital.policy.invalidate();
      await waitFor('the invitation', async () => (await membership(space, physician.userId)) === 'invite');
      await physician.join(space);
      await physician.join(ward);
    });
  });

  it('A6: staff see only the rooms of their units and lines, a patient’s side only its own', async () => {
    const { staff } = hospital;
    const one = await hospital.conversation('a6one');
    const two = await hospital.conversation('a6two');
    const command = await hospital.room({ key: 'command', kind: 'command', name: 'Commands' });
    const security = await hospital.room({ key: 'security', kind: 'security', name: 'Security' });
    const names: Record<string, RoomId> = { space, ward, one, two, command, security };
    const ghost = (await hospital.rooms.find(one))?.conversation?.ghost as UserId;
    const all = [...Object.values(staff).map(({ userId }) => userId), ghost];
    // Everybody is let in everywhere, and whoever may not be there is out again.
    for (const roomId of Object.values(names)) {
      await hospital.govern.alone(roomId, async () => {
        for (const user of all) {
          await hospital.asBot('POST', path(roomId, 'invite'), { user_id: user }).catch(() => undefined);
        }
        for (const each of Object.values(staff)) await each.join(roomId).catch(() => undefined);
      });
    }
    const seen = async (user: UserId): Promise<string[]> => {
      const found: string[] = [];
      for (const [name, roomId] of Object.entries(names)) {
        const now = await membership(roomId, user).catch(() => 'leave');
        if (now === 'join' || now === 'invite') found.push(name);
      }
      return found;
    };
    const expected = {
      admin: ['space', 'ward', 'one', 'two', 'command', 'security'],
      nurse: ['one', 'two', 'command'],
      physician: ['space', 'ward'],
      clerk: ['space'],
      stranger: [],
      ghost: ['one'],
    };
    const everybody = async () => {
      await hospital.govern.settled();
      const found: Record<string, string[]> = { ghost: await seen(ghost) };
      for (const [name, { userId }] of Object.entries(staff)) found[name] = await seen(userId);
      return found;
    };
    let last: Record<string, string[]> = {};
    const isRight = async () => isDeepStrictEqual((last = await everybody()), expected);
    await waitFor('everybody to be where they may be', isRight, {
      timeoutMs: 60_000,
      instead: () => JSON.stringify(last),
    });
    // And there it stays.
    await hospital.govern.sweepNow();
    expect(await everybody()).to.deep.equal(expected);
  });

  it('a room of people is adopted after a preview, kept, and given back', async () => {
    const { admin, stranger, physician } = hospital.staff;
    const made = await admin.call('POST', '/createRoom', {
      preset: 'public_chat',
      room_version: '10',
      name: 'Old team',
      invite: [stranger.userId, physician.userId, BOT],
    });
    const roomId = made['room_id'] as RoomId;
    const given = await admin.call('GET', statePath(roomId, LEVELS));
    const users = { [admin.userId]: 90, [BOT]: 100 };
    await admin.call('PUT', statePath(roomId, LEVELS), { ...given, users });
    await Promise.all([stranger.join(roomId), physician.join(roomId)]);
    const adoption = { roomId, phiClass: 'phi', unit: ICU } as const;
    const { text } = await hospital.adoptRoom.preview(adoption);
    expect(text)
      .to.include('version 10')
      .and.to.include(stranger.userId)
      .and.to.include('Encryption cannot be taken back');
    expect(await membership(roomId, stranger.userId)).to.equal('join');
    await hospital.adoptRoom.run(adoption, '$adopt' as EventId);
    await removed(roomId, stranger.userId);
    await hospital.govern.settled();
    const encryption = await hospital.asBot('GET', statePath(roomId, 'm.room.encryption'));
    expect(encryption['algorithm']).to.equal('m.megolm.v1.aes-sha2');
    const child = await hospital.asBot('GET', statePath(space, 'm.space.child', roomId));
    expect(child['via']).to.deep.equal(['hospital.test']);

    expect((await hospital.releaseRoom.run(roomId, admin.userId)).problems).to.deep.equal([]);
    const levels = await admin.call('GET', statePath(roomId, LEVELS));
    expect(levels['users']).to.deep.equal({ [admin.userId]: 100 });
    await admin.call('PUT', statePath(roomId, 'm.room.name'), { name: 'Ours again' });
    const bot = await admin.call('GET', statePath(roomId, 'm.room.member', BOT));
    expect(bot['membership']).to.equal('leave');
  });

  it('costs the homeserver nothing at rest', async () => {
    await hospital.govern.sweepNow();
    const before = hospital.requests;
    await hospital.govern.sweepNow();
    expect(hospital.requests - before).to.equal(0);
  });

  // Last, since the others need the space.
  describe('a unit whose space was released', () => {
    it('gets another one', async () => {
      const { physician } = hospital.staff;
      expect((await hospital.releaseRoom.run(space, physician.userId)).problems).to.deep.equal([]);
      const { roomId: next } = await hospital.createUnit.run(ICU);
      expect(next).not.to.equal(space);
      await waitFor('the ward to be in it', async () => {
        const child = await hospital.asBot('GET', statePath(next, 'm.space.child', ward)).catch(() => ({}));
        return 'via' in child;
      });
      expect(await membership(next, physician.userId)).to.equal('invite');
    });
  });
});
