import { expect } from 'chai';
import { PermanentError } from '../../../src/errors.ts';
import { readState } from '../../../src/matrix/state-body.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { KEPT_STATE } from '../../../src/model/kept-state.ts';
import { stateId } from '../../../src/model/room-snapshot.ts';
import type { UnitId } from '../../../src/model/role.ts';
import { ADMIN, BOT, ICU, NURSE, STRANGER } from '../../support/care-room.ts';
import { GovernanceFixture } from '../../support/governance-fixture.ts';

const ROOM = '!hostile' as RoomId;
const OTHER_UNIT = 'er' as UnitId;

interface Event {
  readonly type: string;
  readonly content: unknown;
  readonly stateKey?: string;
  readonly sender?: string;
}

describe('a hostile room', function () {
  this.timeout(20_000);
  let fixture: GovernanceFixture;
  beforeEach(() => void (fixture = new GovernanceFixture()));
  afterEach(() => fixture[Symbol.asyncDispose]());

  const member = (user: string, membership = 'join'): Event => ({
    type: 'm.room.member',
    stateKey: user,
    sender: user,
    content: { membership },
  });
  const usual = (version: unknown = '11'): Event[] => [
    { type: 'm.room.create', content: { room_version: version, 'm.federate': false } },
    { type: 'm.room.power_levels', content: { users: { [BOT]: 100, [ADMIN]: 90 } } },
    member(BOT),
    member(ADMIN),
  ];

  /** As the homeserver tells it: through the same reader as in the bridge. */
  function room(events: readonly Event[], roomId = ROOM): RoomId {
    const body = events.map(({ type, content, stateKey = '', sender = ADMIN }, index) => ({
      type,
      content,
      state_key: stateKey,
      sender,
      event_id: `$${index}`,
    }));
    const record = readState(roomId, BOT, Buffer.from(JSON.stringify(body)));
    fixture.control.rooms.set(roomId, record.snapshot());
    return roomId;
  }

  it('with 10,000 members without a role empties step by step, and others need not wait for it', async () => {
    const strangers = Array.from({ length: 10_000 }, (_, n) => member(`@s${n}:hospital.test`));
    const other = await fixture.room();
    room([...usual(), ...strangers]);
    await fixture.adopted(ROOM);
    fixture.control.write(other, 'm.room.join_rules', { join_rule: 'public' }, { sender: ADMIN });
    await fixture.look(other);
    expect(fixture.control.content(other, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
    const out = () => fixture.control.applied.filter(({ kind }) => kind === 'remove').length;
    expect(out()).to.be.within(40, 60);
    for (let minute = 0; minute < 3; minute++) {
      fixture.now += 60_000;
      await fixture.look(ROOM);
    }
    expect(out()).to.be.greaterThan(200);
    await fixture.speak();
    expect(Math.max(...fixture.said.map(({ text }) => text.length))).to.be.within(1, 4_000);
  });

  it('with giant power levels is put right in one write, and the audit log stays small', async () => {
    const users = Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`@user${n}:hospital.test`, 50]));
    const events = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`org.example.type${n}`, 0]));
    const [create, , ...rest] = usual();
    room([create!, { type: 'm.room.power_levels', content: { users: { ...users, [BOT]: 100 }, events } }, ...rest]);
    await fixture.adopted(ROOM);
    const writes = fixture.control.applied.filter(({ rule }) => rule === 'power-levels');
    expect(writes).to.have.length(1);
    const levels = fixture.control.content(ROOM, 'm.room.power_levels') as { users: object };
    expect(Object.keys(levels.users)).to.have.members([BOT, ADMIN]);
    const entry = fixture.repairs().find(({ target }) => target === 'adopted');
    expect(JSON.stringify(entry).length).to.be.lessThan(12_000);
  });

  it('with spaces that hold each other ends, and each holds its own rooms only', async () => {
    const one = await fixture.room({ kind: 'unit', name: 'ICU', unit: ICU, key: 'one' });
    const two = await fixture.room({ kind: 'unit', name: 'ER', unit: OTHER_UNIT, key: 'two' });
    for (const [parent, child] of [
      [one, two],
      [two, one],
      [one, one],
    ] as const) {
      fixture.control.write(parent, 'm.space.child', { via: ['hospital.test'] }, { stateKey: child, sender: ADMIN });
      fixture.control.write(child, 'm.space.parent', { via: ['hospital.test'] }, { stateKey: parent, sender: ADMIN });
    }
    await fixture.look(one, two);
    for (const roomId of [one, two]) {
      const state = [...(fixture.control.rooms.get(roomId)?.state.values() ?? [])];
      const left = state.filter(({ type, content }) => type.startsWith('m.space.') && Object.keys(content).length > 0);
      expect(left).to.deep.equal([]);
    }
  });

  for (const version of ['13', 'org.example.new', '', 7, { of: 'a kind' }]) {
    it(`of version ${JSON.stringify(version)} is left alone and reported`, async () => {
      room([...usual(version), member(STRANGER)]);
      await fixture.adopted(ROOM);
      await fixture.speak();
      expect(fixture.control.applied).to.deep.equal([]);
      expect(fixture.told[0]).to.include('version');
    });
  }

  const deep = JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) as unknown;
  const strange: readonly unknown[] = [
    null,
    [],
    'text',
    7,
    { users: [], events: 'x', allow: 5, via: {}, join_rule: [], name: {}, topic: null, alias: [], pinned: {}, url: 1 },
    { users: { [ADMIN]: '1e9', __proto__: 5, constructor: 5 }, history_visibility: 7, guest_access: [], algorithm: {} },
    { deep },
  ];
  for (const [index, content] of strange.entries()) {
    it(`with content of the wrong kind everywhere (${index + 1}) is put right or reported, without a fault`, async () => {
      const kinds = [...KEPT_STATE].filter((type) => type !== 'm.room.create' && type !== 'm.room.power_levels');
      room([
        ...usual(),
        ...kinds.map((type) => ({ type, content })),
        { type: 'm.space.parent', content, stateKey: '!x' },
      ]);
      await fixture.adopted(ROOM);
      await fixture.speak();
      expect(fixture.repairs().length + fixture.told.length).to.be.greaterThan(0);
      expect(fixture.control.content(ROOM, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      expect(JSON.stringify(fixture.storage.audited()).length).to.be.lessThan(200_000);
    });

    it(`with power levels of the wrong kind (${index + 1}) is put right or reported, without a fault`, async () => {
      const [create, , ...rest] = usual();
      room([create!, { type: 'm.room.power_levels', content }, ...rest]);
      await fixture.adopted(ROOM);
      await fixture.speak();
      expect(fixture.repairs().length + fixture.told.length).to.be.greaterThan(0);
    });
  }

  it('without an event of its creation is reported', async () => {
    room(usual().slice(1));
    await fixture.adopted(ROOM);
    await fixture.speak();
    expect(fixture.told).to.have.length(1);
  });

  it('with more state than is looked at is reported, and what can be seen is put right', async () => {
    const many = Array.from({ length: 2_500 }, (_, n) => ({
      type: 'm.space.parent',
      stateKey: `!s${n}:hospital.test`,
      content: { via: ['hospital.test'] },
    }));
    room([...usual(), { type: 'm.room.join_rules', content: { join_rule: 'public' } }, ...many]);
    await fixture.adopted(ROOM);
    await fixture.speak();
    expect(fixture.told[0]).to.include('more state than is looked at');
    expect(fixture.control.content(ROOM, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
  });

  it('that cannot be taken in at all is reported once', async () => {
    room(usual());
    fixture.control.snapshot = async () => {
      throw new PermanentError("Could not read a room's state: it is too large.");
    };
    await fixture.adopted(ROOM);
    await fixture.look(ROOM);
    await fixture.speak();
    await fixture.speak();
    expect(fixture.told).to.have.length(1);
    expect(fixture.told[0]).to.include('too large');
  });

  it('whose members are called like what objects have is no way in', async () => {
    const odd = ['@__proto__:hospital.test', '@constructor:hospital.test', '@tostring:hospital.test'] as UserId[];
    room([...usual(), ...odd.map((user) => member(user)), member(NURSE, 'invite')]);
    await fixture.adopted(ROOM);
    for (const user of odd) expect(fixture.control.membership(ROOM, user)).to.equal('leave');
    expect(fixture.control.rooms.get(ROOM)?.state.has(stateId('m.room.encryption'))).to.equal(true);
  });
});
