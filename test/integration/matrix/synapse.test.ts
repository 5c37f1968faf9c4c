import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { detectAccountMode } from '../../../src/matrix/account-mode.ts';
import { clientPath } from '../../../src/matrix/homeserver.ts';
import { pingAppservice } from '../../../src/matrix/ping.ts';
import { MEGOLM } from '../../../src/matrix/room-plan.ts';
import { MatrixRoomSender } from '../../../src/matrix/room-sender.ts';
import { newOpaqueId, type EventId, type RoomId, type UserId } from '../../../src/model/ids.ts';
import { newGhost } from '../../../src/model/namespace.ts';
import { BridgeOnSynapse, NAMESPACE, whyNoSynapse, type OpenBridge, type Staff } from './bridge-on-synapse.ts';

const BOT = NAMESPACE.bot;

describe('on a real Synapse', function () {
  this.timeout(90_000);
  let on: BridgeOnSynapse;
  let bridge: OpenBridge;
  let nurse: Staff;
  let doctor: Staff;

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) {
      process.stdout.write(`  pending: ${reason}\n`);
      this.skip();
    }
    on = await BridgeOnSynapse.start();
    nurse = await on.staff('nurse');
    doctor = await on.staff('doctor');
    bridge = await on.open();
    expect(await pingAppservice(on.pingTarget(bridge.intake))).to.include({ isOk: true });
  });

  after(async () => {
    await bridge?.appservice.close();
    await on?.stop();
  });

  function state(roomId: RoomId, type: string, as: UserId = BOT): Promise<Record<string, unknown>> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/state/${type}/`;
    return bridge.appservice.homeserver.call(as, 'read state', { method: 'GET', path });
  }

  function botPut(path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    return bridge.appservice.homeserver.call(BOT, 'put', { method: 'PUT', path, body });
  }

  function botPost(path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    return bridge.appservice.homeserver.call(BOT, 'post', { method: 'POST', path, body });
  }

  function plan(more: { ghost?: UserId; invite?: UserId[] } = {}) {
    return { key: newOpaqueId(), name: 'Patient ABCD', topic: 'Text conversation', invite: [nurse.userId], ...more };
  }

  async function failure(work: Promise<unknown>): Promise<Error> {
    return work.then(
      () => {
        throw new Error('it did not fail');
      },
      (error: unknown) => error as Error,
    );
  }

  it('owns its accounts natively', async () => {
    expect(await detectAccountMode(on.synapse.url)).to.deep.equal({ mode: 'native' });
  });

  describe('rooms', () => {
    for (const version of ['9', '10', '11', '12', undefined]) {
      describe(`of version ${version ?? "that is the homeserver's default"}`, () => {
        let rooms: OpenBridge['rooms'];
        let opened: OpenBridge;

        before(async () => {
          opened = await on.open({ isListening: false, ...(version !== undefined && { roomVersion: version }) });
          ({ rooms } = opened);
        });
        after(() => opened.appservice.close());

        it('are safe for PHI, with the ghost in and the team invited', async () => {
          const ghost = newGhost(NAMESPACE);
          await rooms.ensureGhost(ghost, 'Patient ABCD');
          const roomId = await opened.create(plan({ ghost }));
          expect((await state(roomId, 'm.room.create'))['room_version']).to.equal(version ?? '12');
          expect(await state(roomId, 'm.room.encryption')).to.deep.equal({ algorithm: MEGOLM });
          expect(await state(roomId, 'm.room.history_visibility')).to.deep.equal({ history_visibility: 'joined' });
          expect(await state(roomId, 'm.room.guest_access')).to.deep.equal({ guest_access: 'forbidden' });
          expect(await state(roomId, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
          expect((await state(roomId, 'm.room.name'))['name']).to.equal('Patient ABCD');
          expect([...(await rooms.joinedMembers(roomId))]).to.have.members([BOT, ghost]);
          expect(await rooms.isEncrypted(roomId)).to.equal(true);
          await nurse.join(roomId);
          await failure(nurse.call('PUT', `/rooms/${encodeURIComponent(roomId)}/state/m.room.topic/`, { topic: 'x' }));
          await failure(nurse.call('POST', `/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: doctor.userId }));
          await failure(doctor.join(roomId));
          // The bot itself may.
          await botPut(clientPath`/_matrix/client/v3/rooms/${roomId}/state/m.room.topic/`, { topic: 'changed' });
          await rooms.invite(roomId, doctor.userId);
          await rooms.invite(roomId, doctor.userId);
          await rooms.invite(roomId, nurse.userId);
          await doctor.join(roomId);
        });

        it('are made once: the same key is the same room', async () => {
          const ghost = newGhost(NAMESPACE);
          await rooms.ensureGhost(ghost, 'Patient ABCD');
          const wanted = plan({ ghost, invite: [nurse.userId, doctor.userId] });
          const roomId = await opened.create(wanted);
          await nurse.join(roomId);
          expect(await opened.create(wanted)).to.equal(roomId);
          expect([...(await rooms.joinedMembers(roomId))]).to.have.members([BOT, ghost, nurse.userId]);
        });

        it('are completed after an interruption, before anybody is let in', async () => {
          const ghost = newGhost(NAMESPACE);
          await rooms.ensureGhost(ghost, 'Patient ABCD');
          const wanted = plan({ ghost });
          const { room_id: bare } = await botPost('/_matrix/client/v3/createRoom', {
            room_alias_name: `${NAMESPACE.ghostPrefix}${wanted.key}`,
            ...(version !== undefined && { room_version: version }),
          });
          const roomId = await opened.create(wanted);
          expect(roomId).to.equal(bare);
          expect(await state(roomId, 'm.room.encryption')).to.deep.equal({ algorithm: MEGOLM });
          expect(await state(roomId, 'm.room.history_visibility')).to.deep.equal({ history_visibility: 'joined' });
          expect(await state(roomId, 'm.room.guest_access')).to.deep.equal({ guest_access: 'forbidden' });
          expect((await state(roomId, 'm.room.name'))['name']).to.equal('Patient ABCD');
          expect([...(await rooms.joinedMembers(roomId))]).to.have.members([BOT, ghost]);
          await nurse.join(roomId);
        });
      });
    }

    it('are not listed, and their alias is opaque', async () => {
      const wanted = plan();
      const roomId = await bridge.create(wanted);
      const { canonical_alias: _, ...directory } = await nurse.call(
        'GET',
        `/directory/list/room/${encodeURIComponent(roomId)}`,
      );
      expect(directory).to.deep.equal({ visibility: 'private' });
      expect(await state(roomId, 'm.room.canonical_alias')).to.deep.equal({
        alias: `#carebridge_${wanted.key}:hospital.test`,
      });
    });

    it('come to be although one of the team cannot be invited', async () => {
      const roomId = await bridge.create(
        plan({ invite: [`@${'x'.repeat(300)}:hospital.test` as UserId, nurse.userId] }),
      );
      await nurse.join(roomId);
    });

    it('can be left, also twice', async () => {
      const { room_id: roomId } = await nurse.call('POST', '/createRoom', { invite: [BOT] });
      await bridge.seen('the invitation', (event) => event.room_id === roomId && event.state_key === BOT);
      expect(bridge.store.events.some((event) => event.room_id === roomId && event.state_key === BOT)).to.equal(true);
      await bridge.rooms.leave(roomId as RoomId);
      await bridge.rooms.leave(roomId as RoomId);
      expect(await failure(bridge.rooms.joinedMembers(roomId as RoomId))).to.be.instanceOf(PermanentError);
    });

    it("follow who comes and goes without asking again, and tell who's there", async () => {
      const roomId = await bridge.create(plan());
      expect(await bridge.rooms.joinedMembers(roomId)).not.to.include(nurse.userId);
      const isNurse = (membership: string) => (event: { room_id: string; state_key?: string; content: object }) =>
        event.room_id === roomId &&
        event.state_key === nurse.userId &&
        'membership' in event.content &&
        event.content.membership === membership;
      await nurse.join(roomId);
      await bridge.seen('the nurse joining', isNurse('join'));
      expect(await bridge.rooms.joinedMembers(roomId)).to.include(nurse.userId);
      await nurse.call('POST', `/rooms/${encodeURIComponent(roomId)}/leave`, {});
      await bridge.seen('the nurse leaving', isNurse('leave'));
      expect(await bridge.rooms.joinedMembers(roomId)).not.to.include(nurse.userId);
    });
  });

  describe('ghosts', () => {
    it('get their name once', async () => {
      const ghost = newGhost(NAMESPACE);
      await bridge.rooms.ensureGhost(ghost, 'Patient ONE');
      await bridge.rooms.ensureGhost(ghost, 'Patient ONE');
      await bridge.rooms.ensureGhost(ghost, 'Patient TWO');
      expect((await nurse.call('GET', `/profile/${ghost}`))['displayname']).to.equal('Patient TWO');
    });

    it('show that something was delivered, and take their words back', async () => {
      const ghost = newGhost(NAMESPACE);
      await bridge.rooms.ensureGhost(ghost, 'Patient ABCD');
      const roomId = await bridge.create(plan({ ghost }));
      await nurse.join(roomId);
      await nurse.say(roomId, 'one');
      const said = await bridge.seen(
        'the message',
        (event) => event.room_id === roomId && event.type === 'm.room.encrypted',
      );
      const nothing = () => Promise.reject(new Error('not used'));
      const sender = new MatrixRoomSender({
        homeserver: bridge.appservice.homeserver,
        encrypter: { prepare: nothing, encryptAndSend: nothing },
        files: { upload: nothing, download: nothing },
      });
      await sender.markRead(ghost, roomId, said.event_id);
      const sync = (await nurse.call('GET', '/sync?timeout=0')) as {
        rooms: {
          join: Record<string, { ephemeral: { events: { content: Record<string, Record<string, object>> }[] } }>;
        };
      };
      const receipts = sync.rooms.join[roomId]?.ephemeral.events.map(
        (event) => event.content[said.event_id]?.['m.read'] ?? {},
      );
      expect(receipts?.some((receipt) => ghost in receipt)).to.equal(true);

      const path = clientPath`/_matrix/client/v3/rooms/${roomId}/send/m.room.encrypted/t1`;
      const { event_id: own } = await bridge.appservice.homeserver.call(ghost, 'send', {
        method: 'PUT',
        path,
        body: { algorithm: 'x' },
      });
      await sender.redact(ghost, roomId, own as EventId, 't2');
      await sender.redact(ghost, roomId, own as EventId, 't2');
      const event = await nurse.call(
        'GET',
        `/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(own as string)}`,
      );
      expect(event['content']).to.deep.equal({});
    });
  });

  describe('room upgrades', () => {
    /** A room in which the nurse may do what the bot may. */
    async function roomOfNurse(version: string, ghost: UserId) {
      const opened = await on.open({ isListening: false, roomVersion: version });
      await opened.rooms.ensureGhost(ghost, 'Patient ABCD');
      const roomId = await opened.create(plan({ ghost, invite: [nurse.userId, doctor.userId] }));
      await opened.appservice.close();
      await nurse.join(roomId);
      await doctor.join(roomId);
      const levels = (await state(roomId, 'm.room.power_levels')) as { users: Record<string, number> };
      const users = { ...levels.users, [nurse.userId]: 100 };
      await botPut(clientPath`/_matrix/client/v3/rooms/${roomId}/state/m.room.power_levels/`, { ...levels, users });
      return roomId;
    }

    for (const [from, to] of [
      ['9', '10'],
      ['10', '11'],
      ['11', '12'],
    ] as const) {
      it(`${from} to ${to} are followed once the bot is invited`, async () => {
        const ghost = newGhost(NAMESPACE);
        const roomId = await roomOfNurse(from, ghost);
        const replacement = await nurse.upgrade(roomId, to);
        const tombstone = await bridge.seen(
          'the tombstone',
          (event) => event.room_id === roomId && event.type === 'm.room.tombstone',
        );
        expect(tombstone.content['replacement_room']).to.equal(replacement);
        expect(bridge.store.events).to.include(tombstone);
        const early = await failure(bridge.rooms.followUpgrade(roomId, replacement, ghost));
        expect(early).to.be.instanceOf(RetryableError);
        expect(early.message).to.contain('has not been invited');
        await nurse.call('POST', `/rooms/${encodeURIComponent(replacement)}/invite`, { user_id: BOT });
        expect(await bridge.rooms.followUpgrade(roomId, replacement, ghost)).to.equal(replacement);
        expect(await bridge.rooms.followUpgrade(roomId, replacement, ghost)).to.equal(replacement);
        expect([...(await bridge.rooms.joinedMembers(replacement))]).to.have.members([BOT, ghost, nurse.userId]);
        await doctor.join(replacement);
      });
    }

    it('12 to 12: the ghost waits for its invitation, since the new creator stands above the bot', async () => {
      const ghost = newGhost(NAMESPACE);
      const roomId = await roomOfNurse('12', ghost);
      const replacement = await nurse.upgrade(roomId, '12');
      const invite = (user: UserId) =>
        nurse.call('POST', `/rooms/${encodeURIComponent(replacement)}/invite`, { user_id: user });
      await invite(BOT);
      expect(await failure(bridge.rooms.followUpgrade(roomId, replacement, ghost))).to.be.instanceOf(RetryableError);
      await invite(ghost);
      expect(await bridge.rooms.followUpgrade(roomId, replacement, ghost)).to.equal(replacement);
      expect(await bridge.rooms.joinedMembers(replacement)).to.include(ghost);
    });

    it("the bot's own are followed at once", async () => {
      const ghost = newGhost(NAMESPACE);
      await bridge.rooms.ensureGhost(ghost, 'Patient ABCD');
      const roomId = await bridge.create(plan({ ghost }));
      const path = clientPath`/_matrix/client/v3/rooms/${roomId}/upgrade`;
      const replacement = (await botPost(path, { new_version: '12' }))['replacement_room'] as RoomId;
      expect(await bridge.rooms.followUpgrade(roomId, replacement, ghost)).to.equal(replacement);
      expect([...(await bridge.rooms.joinedMembers(replacement))]).to.have.members([BOT, ghost]);
    });

    const lures: readonly (readonly [
      string,
      Record<string, unknown>,
      typeof PermanentError | typeof RetryableError,
      string,
    ])[] = [
      ['that does not point back', {}, PermanentError, 'predecessor'],
      [
        'that points to another room',
        { creation_content: { predecessor: { room_id: '!other:hospital.test' } } },
        PermanentError,
        'predecessor',
      ],
      ['that anybody may join', { preset: 'public_chat', creation_content: 'back' }, PermanentError, 'not invite-only'],
      [
        'that anybody may read',
        {
          creation_content: 'back',
          initial_state: [
            { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'world_readable' } },
          ],
        },
        PermanentError,
        'anybody may read',
      ],
      ['that is not encrypted', { creation_content: 'back' }, RetryableError, 'not encrypted'],
    ];
    for (const [title, body, type, sentence] of lures) {
      it(`to a room ${title} are not followed`, async () => {
        const ghost = newGhost(NAMESPACE);
        const roomId = await roomOfNurse('11', ghost);
        const creation =
          body['creation_content'] === 'back' ? { creation_content: { predecessor: { room_id: roomId } } } : {};
        const { room_id: lure } = await nurse.call('POST', '/createRoom', {
          ...body,
          ...creation,
          room_version: '11',
          invite: [BOT],
        });
        await nurse.call('PUT', `/rooms/${encodeURIComponent(roomId)}/state/m.room.tombstone/`, {
          body: 'x',
          replacement_room: lure,
        });
        const error = await failure(bridge.rooms.followUpgrade(roomId, lure as RoomId, ghost));
        expect(error).to.be.instanceOf(type);
        expect(error.message).to.contain(sentence);
        const { joined } = await nurse.call('GET', `/rooms/${encodeURIComponent(lure as string)}/joined_members`);
        expect(joined).not.to.have.property(ghost);
        if (type === PermanentError) expect(joined).not.to.have.property(BOT);
      });
    }

    it('that the room does not name (any more) are not followed', async () => {
      const roomId = await bridge.create(plan());
      const other = await bridge.create(plan());
      expect(await failure(bridge.rooms.followUpgrade(roomId, other, undefined))).to.be.instanceOf(PermanentError);
    });
  });

  describe('reaching each other', () => {
    after(async () => {
      // The other tests' bridge comes back.
      bridge = await on.open();
    });

    it('says why not, and after a pause the ping brings what waited, in order', async () => {
      const roomId = await bridge.create(plan());
      await nurse.join(roomId);
      await bridge.seen(
        'the nurse',
        (event) =>
          event.room_id === roomId && event.state_key === nurse.userId && event.content['membership'] === 'join',
      );
      await bridge.appservice.close();
      for (let count = 0; count < 10; count++) await nurse.say(roomId, `away${count}`);
      expect(await pingAppservice(on.pingTarget())).to.include({ isOk: false, code: 'M_CONNECTION_FAILED' });
      expect(await pingAppservice({ ...on.pingTarget(), asToken: 'x' })).to.include({
        isOk: false,
        code: 'M_UNKNOWN_TOKEN',
      });
      expect(await pingAppservice({ ...on.pingTarget(), appserviceId: 'other' })).to.include({
        isOk: false,
        code: 'M_FORBIDDEN',
      });

      const again = await on.open();
      expect(await pingAppservice(on.pingTarget(again.intake))).to.include({ isOk: true });
      let last = '';
      await again.seen('all ten', () => {
        last = again.store.events
          .filter((event) => event.type === 'm.room.encrypted' && event.room_id === roomId)
          .length.toString();
        return last === '10';
      });
      const times = again.store.events.map((event) => event.origin_server_ts);
      expect(times).to.deep.equal([...times].sort((a, b) => a - b));
      await again.appservice.close();
    });

    it('says that tokens differ', async () => {
      const { registration } = on;
      const wrong = Object.assign(Object.create(on) as BridgeOnSynapse, {
        registration: { ...registration, hsToken: 'other' },
      });
      const opened = await wrong.open();
      const result = await pingAppservice(on.pingTarget(opened.intake));
      expect(result).to.include({ isOk: false, code: 'M_BAD_STATUS' });
      expect((result as { sentence: string }).sentence).to.contain('another hs_token');
      await opened.appservice.close();
    });

    it('says that the port is taken', async () => {
      const first = await on.open();
      const second = await on.open({ isListening: false });
      expect((await failure(second.appservice.listen())).message)
        .to.contain('EADDRINUSE')
        .and.contain('running already');
      await second.appservice.close();
      await first.appservice.close();
    });

    it('renders metrics with the calls of the homeserver, and nothing of anybody', async () => {
      const { text, contentType } = await bridge.appservice.renderMetrics();
      expect(contentType).to.contain('text/plain');
      expect(text).to.contain('bridge_app_version{version="0.0.0"}').and.contain('process_resident_memory_bytes');
      expect(text).not.to.contain('@').and.not.contain('!');
    });
  });
});
