/** Looking at governed rooms and changing them, on a real Synapse. */
import { expect } from 'chai';
import { PermanentError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import { clientPath, type Homeserver } from '../../../src/matrix/homeserver.ts';
import { MatrixHttp, type MatrixCall } from '../../../src/matrix/matrix-http.ts';
import { pingAppservice } from '../../../src/matrix/ping.ts';
import { MatrixRoomControl } from '../../../src/matrix/room-control.ts';
import type { GovernedRoomPlan } from '../../../src/model/governed-room-plan.ts';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import { newOpaqueId, type RoomId, type UserId } from '../../../src/model/ids.ts';
import { CREATOR_POWER, powerOf } from '../../../src/model/room-power.ts';
import { stateId } from '../../../src/model/room-snapshot.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import { governedRoomPlan } from '../../../src/policy/governed-room-plan.ts';
import { reconcile } from '../../../src/policy/reconcile.ts';
import { careRoom, hospitalPolicy } from '../../support/care-room.ts';
import { waitFor } from '../../support/wait-for.ts';
import { BridgeOnSynapse, NAMESPACE, whyNoSynapse, type OpenBridge, type Staff } from './bridge-on-synapse.ts';

const BOT = NAMESPACE.bot;

describe('room control on a real Synapse', function () {
  this.timeout(60_000);
  let on: BridgeOnSynapse;
  let bridge: OpenBridge;
  let nurse: Staff;
  let doctor: Staff;
  let http: MatrixHttp;
  const governed = new Set<RoomId>();
  const controls = new Map<string, MatrixRoomControl>();
  const changed: RoomId[] = [];
  let control: MatrixRoomControl;
  let requests = 0;

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) {
      process.stdout.write(`  pending: ${reason}\n`);
      this.skip();
    }
    on = await BridgeOnSynapse.start();
    [nurse, doctor] = await Promise.all([on.staff('nurse'), on.staff('doctor')]);
    bridge = await on.open({
      observe: (events: readonly MatrixEvent[]) => {
        for (const each of controls.values()) changed.push(...each.observe(events));
      },
    });
    http = new MatrixHttp({ url: on.synapse.url, asToken: on.registration.asToken });
    for (const version of ['9', '10', '11', '12']) controls.set(version, controlFor(version));
    control = controls.get('12') as MatrixRoomControl;
    expect(await pingAppservice(on.pingTarget(bridge.intake))).to.include({ isOk: true });
  });

  after(async () => {
    http?.close();
    await bridge?.appservice.close();
    await on?.stop();
  });

  function controlFor(roomVersion: string): MatrixRoomControl {
    const counting: Homeserver = {
      call: (...call) => {
        requests++;
        return bridge.appservice.homeserver.call(...call);
      },
      ensureRegistered: (user) => bridge.appservice.homeserver.ensureRegistered(user),
    };
    return new MatrixRoomControl({
      homeserver: counting,
      http: {
        bytes: (attempt: string, call: MatrixCall, maxBytes: number) => {
          requests++;
          return http.bytes(attempt, call, maxBytes);
        },
      },
      namespace: NAMESPACE,
      roomVersion,
      isGoverned: (roomId) => governed.has(roomId),
      log: silentLogger,
    });
  }

  function plan(more: Partial<GovernedRoomPlan> = {}): GovernedRoomPlan {
    return {
      key: newOpaqueId(),
      name: 'Care team',
      topic: 'Protected',
      isSpace: false,
      federate: false,
      initialState: [],
      invite: [nurse.userId],
      ...more,
    };
  }

  async function make(version: string, more: Partial<GovernedRoomPlan> = {}): Promise<RoomId> {
    const roomId = await (controls.get(version) as MatrixRoomControl).create(plan(more));
    governed.add(roomId);
    return roomId;
  }

  const path = (roomId: RoomId, rest: string) => `/rooms/${encodeURIComponent(roomId)}/${rest}`;

  function content(snapshot: { state: ReadonlyMap<string, { content: object }> }, type: string, key = ''): unknown {
    return snapshot.state.get(stateId(type, key))?.content;
  }

  async function refused(work: Promise<unknown>): Promise<void> {
    const failure = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(failure)).to.contain('M_FORBIDDEN');
  }

  for (const version of ['9', '10', '11', '12']) {
    it(`makes, sees, repairs and keeps up with a room of version ${version}`, async () => {
      const here = controls.get(version) as MatrixRoomControl;
      const roomId = await make(version, {
        initialState: [
          { type: 'org.carebridge.phi', stateKey: '', content: { class: 'phi', id: 'abc' } },
          {
            type: 'm.room.power_levels',
            stateKey: '',
            content: { users: { [BOT]: 100, [nurse.userId]: 50 }, invite: 50, events: { 'm.room.topic': 50 } },
          },
        ],
      });
      const made = await here.snapshot(roomId);
      expect(made.version).to.equal(version);
      expect(made.faults).to.deep.equal([]);
      expect(content(made, 'm.room.create')).to.include({ 'm.federate': false });
      expect(content(made, 'org.carebridge.phi')).to.deep.equal({ class: 'phi', id: 'abc' });
      expect(content(made, 'm.room.encryption')).to.include({ algorithm: 'm.megolm.v1.aes-sha2' });
      expect(content(made, 'm.room.history_visibility')).to.deep.equal({ history_visibility: 'joined' });
      expect(content(made, 'm.room.guest_access')).to.deep.equal({ guest_access: 'forbidden' });
      expect(content(made, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      expect(made.members).to.deep.equal(
        new Map([
          [BOT, 'join'],
          [nurse.userId, 'invite'],
        ]),
      );
      const isTwelve = version === '12';
      expect([...made.creators]).to.deep.equal(isTwelve ? [BOT] : []);
      expect(powerOf(made, BOT)).to.equal(isTwelve ? CREATOR_POWER : 100);
      expect(powerOf(made, nurse.userId)).to.equal(50);

      // Drift, seen without a request although the state was fetched a moment ago.
      await nurse.join(roomId);
      await nurse.call('PUT', path(roomId, 'state/m.room.topic'), { topic: 'changed by hand' });
      const before = requests;
      await waitFor('the topic to be seen', async () => {
        const now = await here.snapshot(roomId);
        return (content(now, 'm.room.topic') as { topic: string }).topic === 'changed by hand';
      });
      const drifted = await here.snapshot(roomId);
      expect(drifted.members.get(nurse.userId)).to.equal('join');
      expect(drifted.state.get(stateId('m.room.topic'))?.sender).to.equal(nurse.userId);
      expect(requests - before, 'requests to know of a change').to.equal(0);
      expect(changed).to.include(roomId);

      const repair = {
        rule: 'topic',
        why: 'The topic was changed.',
        kind: 'set-state',
        type: 'm.room.topic',
        stateKey: '',
        before: { topic: 'changed by hand' },
        after: { topic: 'Protected' },
      } as const;
      expect(await here.apply(roomId, repair)).to.deep.equal({ outcome: 'applied' });
      const repaired = await here.snapshot(roomId);
      expect(content(repaired, 'm.room.topic')).to.deep.equal({ topic: 'Protected' });
      expect(repaired.state.get(stateId('m.room.topic'))?.sender).to.equal(BOT);
      expect(await here.apply(roomId, repair)).to.deep.equal({ outcome: 'applied' });

      // Everything that was told is what the homeserver says.
      expect(await settled(here, roomId)).to.deep.equal(repaired.state);
      expect((await here.snapshot(roomId)).members).to.deep.equal(repaired.members);
    });
  }

  /** The kept state once every event has come, then the same from the homeserver. */
  async function settled(here: MatrixRoomControl, roomId: RoomId) {
    const marker = `marker ${newOpaqueId()}`;
    await nurse.say(roomId, marker);
    const isMarker = (event: MatrixEvent) => event.room_id === roomId && event.type === 'm.room.encrypted';
    await bridge.seen('the marker', isMarker);
    const before = requests;
    const kept = await here.snapshot(roomId);
    expect(requests - before).to.equal(0);
    const fresh = await here.refresh(roomId);
    expect(kept.state).to.deep.equal(fresh.state);
    expect(kept.members).to.deep.equal(fresh.members);
    return fresh.state;
  }

  const kinds: readonly (readonly [version: string, more: Partial<GovernedRoom>])[] = [
    ['9', { kind: 'care-team', phiClass: 'sensitive' }],
    ['10', { kind: 'care-team', phiClass: 'phi' }],
    ['11', { kind: 'unit', phiClass: 'none', name: 'Intensive care' }],
    ['12', { kind: 'care-team', phiClass: 'none' }],
    ['12', { kind: 'command', phiClass: 'phi', unit: undefined, name: 'Commands' }],
  ];
  for (const [version, more] of kinds) {
    it(`makes a ${more.kind} room of class ${more.phiClass} in version ${version} that is as policy wants it`, async () => {
      const here = controls.get(version) as MatrixRoomControl;
      const policy = hospitalPolicy();
      const wanted = careRoom(more);
      const roomId = await here.create(governedRoomPlan(policy, wanted, await here.newRoomVersion(), newOpaqueId()));
      governed.add(roomId);
      const snapshot = await here.snapshot(roomId);
      expect(reconcile(policy, { ...wanted, roomId }, snapshot)).to.deep.equal([]);
      expect(snapshot.faults).to.deep.equal([]);
    });
  }

  it('asks nothing at rest', async () => {
    const roomId = await make('12');
    await control.snapshot(roomId);
    const before = requests;
    await nurse.join(roomId);
    for (let count = 0; count < 5; count++) await nurse.say(roomId, `rest${count}`);
    await bridge.seen('the last message', (event) => event.room_id === roomId && event.type === 'm.room.encrypted');
    for (let count = 0; count < 100; count++) await control.snapshot(roomId);
    expect(requests - before).to.equal(0);
  });

  it('gets people in and out, also those who are only invited or ask to be let in, and repeats it without harm', async () => {
    const roomId = await make('11', { invite: [nurse.userId, doctor.userId] });
    const here = controls.get('11') as MatrixRoomControl;
    const one = (kind: 'invite' | 'remove' | 'unban', userId: UserId) =>
      here.apply(roomId, { rule: 'members', why: 'They have no role for this room.', kind, userId });
    const membership = async (userId: UserId) => (await here.snapshot(roomId)).members.get(userId);
    await here.snapshot(roomId);
    await nurse.join(roomId);
    for (const userId of [nurse.userId, doctor.userId]) {
      expect(await one('remove', userId)).to.deep.equal({ outcome: 'applied' });
      expect(await membership(userId)).to.equal('leave');
      expect(await one('remove', userId)).to.deep.equal({ outcome: 'applied' });
    }
    expect(await one('remove', '@nobody:hospital.test' as UserId)).to.deep.equal({ outcome: 'applied' });
    expect(await one('remove', BOT)).to.include({ outcome: 'failed' });
    await bot('POST', clientPath`/_matrix/client/v3/rooms/${roomId}/ban`, { user_id: nurse.userId });
    // A ban is lifted by a change of its own.
    expect(await one('invite', nurse.userId)).to.include({ outcome: 'failed' });
    for (let count = 0; count < 2; count++)
      expect(await one('unban', nurse.userId)).to.deep.equal({ outcome: 'applied' });
    for (let count = 0; count < 2; count++)
      expect(await one('invite', nurse.userId)).to.deep.equal({ outcome: 'applied' });
    expect(await membership(nurse.userId)).to.equal('invite');
    await bot('PUT', clientPath`/_matrix/client/v3/rooms/${roomId}/state/m.room.join_rules/`, { join_rule: 'knock' });
    await doctor.call('POST', `/knock/${encodeURIComponent(roomId)}`, {});
    expect(await one('remove', doctor.userId)).to.deep.equal({ outcome: 'applied' });
    expect((await here.refresh(roomId)).members.get(doctor.userId)).to.equal('leave');
  });

  function bot(method: 'POST' | 'PUT', where: string, body: Record<string, unknown>) {
    return bridge.appservice.homeserver.call(BOT, 'prepare a test', { method, path: where, body });
  }

  it('removes an address of the room where the homeserver lets it, and never one of another room', async () => {
    const roomId = await make('12');
    const other = await make('12');
    await nurse.join(roomId);
    const [own, ofOther] = [`#carebridge_a${newOpaqueId(8)}`, `#carebridge_b${newOpaqueId(8)}`].map(
      (name) => `${name}:hospital.test`,
    ) as [string, string];
    const theirs = `#ward${newOpaqueId(8)}:hospital.test`;
    await bot('PUT', clientPath`/_matrix/client/v3/directory/room/${own}`, { room_id: roomId });
    await bot('PUT', clientPath`/_matrix/client/v3/directory/room/${ofOther}`, { room_id: other });
    await nurse.call('PUT', `/directory/room/${encodeURIComponent(theirs)}`, { room_id: roomId });
    const remove = (alias: string) =>
      control.apply(roomId, { rule: 'aliases', why: 'It has an address.', kind: 'remove-alias', alias });
    for (const alias of [own, own, ofOther]) expect(await remove(alias)).to.deep.equal({ outcome: 'applied' });
    expect(await remove(theirs)).to.include({ outcome: 'denied' });
    const left = (await nurse.call('GET', path(roomId, 'aliases')))['aliases'];
    expect(left).to.include(theirs).and.not.to.include(own);
    expect(await nurse.call('GET', `/directory/room/${encodeURIComponent(ofOther)}`)).to.include({ room_id: other });
  });

  it('says where it has no power, and does not throw for it', async () => {
    const { room_id: theirs } = await nurse.call('POST', '/createRoom', { invite: [BOT, doctor.userId] });
    const roomId = theirs as RoomId;
    expect(await control.join(roomId)).to.equal(true);
    governed.add(roomId);
    await doctor.join(roomId);
    const snapshot = await control.snapshot(roomId);
    expect(powerOf(snapshot, BOT)).to.equal(0);
    expect(powerOf(snapshot, nurse.userId)).to.be.at.least(100);
    const about = { rule: 'x', why: 'x' };
    const state = { ...about, kind: 'set-state', stateKey: '', before: undefined } as const;
    const denied = await Promise.all([
      control.apply(roomId, { ...state, type: 'm.room.join_rules', after: { join_rule: 'invite' } }),
      control.apply(roomId, { ...about, kind: 'remove', userId: doctor.userId }),
    ]);
    for (const result of denied) {
      expect(result).to.include({ outcome: 'denied' });
      expect(JSON.stringify(result)).not.to.contain('@');
    }
    const failed = await make('12');
    const levels = { ...state, type: 'm.room.power_levels', after: { users: { [BOT]: 100 } } };
    const levelsOutcome = await control.apply(failed, levels);
    expect(levelsOutcome.outcome).to.be.oneOf(['denied', 'failed']);
    await control.leave(roomId);
    await control.leave(roomId);
    const gone = await control.snapshot(roomId).catch((error: unknown) => error);
    expect(gone).to.be.instanceOf(PermanentError);
    expect(await control.join(roomId)).to.equal(false);
    expect(await control.join('!nowhere:hospital.test' as RoomId)).to.equal(false);
  });

  it('makes a room once, and completes what was interrupted before anybody is let in', async () => {
    for (const version of ['11', '12']) {
      const here = controls.get(version) as MatrixRoomControl;
      const wanted = plan({ invite: [nurse.userId] });
      const { room_id: bare } = await bot('POST', '/_matrix/client/v3/createRoom', {
        room_alias_name: `${NAMESPACE.ghostPrefix}${wanted.key}`,
        room_version: version,
      });
      const roomId = await here.create(wanted);
      expect(roomId).to.equal(bare);
      expect(await here.create(wanted)).to.equal(roomId);
      const snapshot = await here.snapshot(roomId);
      expect(content(snapshot, 'm.room.history_visibility')).to.deep.equal({ history_visibility: 'joined' });
      expect(content(snapshot, 'm.room.encryption')).to.include({ algorithm: 'm.megolm.v1.aes-sha2' });
      expect(content(snapshot, 'm.room.name')).to.deep.equal({ name: 'Care team' });
      expect(snapshot.members.get(nurse.userId)).to.equal('invite');
    }
  });

  it("lets a space's members into its rooms by themselves", async () => {
    const space = await make('12', { name: 'Intensive care', isSpace: true });
    const roomId = await make('10', {
      invite: [],
      initialState: [
        {
          type: 'm.room.join_rules',
          stateKey: '',
          content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] },
        },
        { type: 'm.space.parent', stateKey: space, content: { via: ['hospital.test'], canonical: true } },
      ],
    });
    const link = { rule: 'space', why: 'x', kind: 'set-state', type: 'm.space.child', before: undefined } as const;
    const child = { ...link, stateKey: roomId, after: { via: ['hospital.test'] } };
    expect(await control.apply(space, child)).to.deep.equal({ outcome: 'applied' });
    const snapshot = await control.snapshot(space);
    expect(content(snapshot, 'm.room.create')).to.include({ type: 'm.space' });
    expect(content(snapshot, 'm.room.encryption')).to.equal(undefined);
    expect(content(snapshot, 'm.space.child', roomId)).to.deep.equal({ via: ['hospital.test'] });
    await refused(nurse.join(roomId));
    await nurse.join(space);
    await nurse.join(roomId);
    await refused(doctor.join(roomId));
  });

  it('reads the state that a redaction leaves', async () => {
    for (const version of ['10', '11']) {
      const here = controls.get(version) as MatrixRoomControl;
      const roomId = await make(version);
      const made = await here.snapshot(roomId);
      const name = made.state.get(stateId('m.room.name'));
      await bot('PUT', clientPath`/_matrix/client/v3/rooms/${roomId}/redact/${name?.eventId ?? ''}/t1`, {});
      await waitFor('the name to be gone', async () => {
        const { name: left } = content(await here.snapshot(roomId), 'm.room.name') as { name?: string };
        return left === undefined;
      });
    }
  });

  it('takes giant power levels, and says where an event is too large', async () => {
    const here = controls.get('11') as MatrixRoomControl;
    const roomId = await make('11', { isSpace: true, invite: [] });
    const users = Object.fromEntries(Array.from({ length: 1200 }, (_, index) => [`@user${index}:hospital.test`, 1]));
    const giant = { ...(content(await here.snapshot(roomId), 'm.room.power_levels') as object), users };
    const after = { ...giant, users: { ...users, [BOT]: 100 } };
    const set = { rule: 'x', why: 'x', kind: 'set-state', stateKey: '', before: undefined } as const;
    expect(await here.apply(roomId, { ...set, type: 'm.room.power_levels', after })).to.include({ outcome: 'applied' });
    const fresh = await here.refresh(roomId);
    expect(powerOf(fresh, '@user77:hospital.test' as UserId)).to.equal(1);
    const tooLarge = { ...after, padding: 'x'.repeat(70_000) };
    expect(await here.apply(roomId, { ...set, type: 'm.room.power_levels', after: tooLarge })).to.include({
      outcome: 'failed',
    });
  });
});
