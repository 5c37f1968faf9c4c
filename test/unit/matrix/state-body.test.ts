import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { MAX_KEYED, MAX_MEMBERS } from '../../../src/matrix/room-record.ts';
import { readState } from '../../../src/matrix/state-body.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { powerOf } from '../../../src/model/room-power.ts';
import { stateId, type RoomSnapshot } from '../../../src/model/room-snapshot.ts';

const ROOM = '!room' as RoomId;
const BOT = '@bot:hospital.test' as UserId;
const NURSE = '@nurse:hospital.test' as UserId;

let counter = 0;
function event(type: string, content: unknown, stateKey: unknown = '', more: object = {}): Record<string, unknown> {
  return { type, content, state_key: stateKey, sender: NURSE, event_id: `$e${counter++}`, ...more };
}

const CREATE = event('m.room.create', { room_version: '11' });
const JOINED = event('m.room.member', { membership: 'join' }, BOT);

function read(...events: unknown[]): RoomSnapshot {
  return readState(ROOM, BOT, Buffer.from(JSON.stringify(events))).snapshot();
}

/** `{"a":{"a":...}}` */
function nested(levels: number): string {
  return '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
}

describe('state of a room', () => {
  it('is what policy looks at, and no more', () => {
    const snapshot = read(
      CREATE,
      JOINED,
      event('m.room.member', { membership: 'leave', displayname: 'x' }, NURSE),
      event('m.room.topic', { topic: 'x' }),
      event('m.room.topic', { topic: 'no effect' }, 'other'),
      event('m.space.child', { via: ['x'] }, '!child'),
      event('org.example.large', { data: 'x'.repeat(1000) }),
    );
    expect([...snapshot.state.keys()]).to.have.members([
      stateId('m.room.create'),
      stateId('m.room.topic'),
      stateId('m.space.child', '!child'),
    ]);
    expect(snapshot.members).to.deep.equal(
      new Map([
        [BOT, 'join'],
        [NURSE, 'leave'],
      ]),
    );
    expect(snapshot).to.deep.include({ version: '11', creators: new Set(), faults: [] });
  });

  const versions: readonly (readonly [title: string, content: unknown, version: string, fault: string | undefined])[] =
    [
      ['is the one of the create event', { room_version: '12' }, '12', undefined],
      ['is 1 where it says nothing', {}, '1', undefined],
      ['may be one that nobody knows', { room_version: 'org.example.9000' }, 'org.example.9000', undefined],
      ['cannot be a number', { room_version: 12 }, 'unknown', 'version'],
      ['cannot be anything long', { room_version: 'x'.repeat(100) }, 'unknown', 'version'],
      ['cannot be read from text', 'text', '1', 'm.room.create is not an object'],
    ];
  for (const [title, content, version, fault] of versions) {
    it(`has a version that ${title}`, () => {
      const snapshot = read(event('m.room.create', content), JOINED);
      expect(snapshot.version).to.equal(version);
      expect(snapshot.faults.join(' ')).to.contain(fault ?? '');
      expect(snapshot.faults).to.have.length(fault === undefined ? 0 : 1);
    });
  }

  it('names creators from version 12 on, also additional ones', () => {
    const others = ['@doctor:hospital.test', 5, null, 'nobody'];
    const content = { room_version: '12', additional_creators: others };
    const snapshot = read(event('m.room.create', content));
    expect([...snapshot.creators]).to.deep.equal([NURSE, '@doctor:hospital.test']);
    expect(snapshot.faults).to.include('The list of additional creators is malformed.');
    for (const wrong of ['x', { 0: BOT }, 7]) {
      const { creators } = read(event('m.room.create', { room_version: '13', additional_creators: wrong }));
      expect([...creators]).to.deep.equal([NURSE]);
    }
    expect(read(event('m.room.create', { ...content, room_version: '11' })).creators.size).to.equal(0);
  });

  it('says that there is no create event', () => {
    expect(read(JOINED)).to.deep.include({ version: 'unknown', faults: ['The room has no event of its creation.'] });
  });

  const wrong = [null, 5, 'text', true, ['a'], [], undefined];
  for (const type of ['m.room.power_levels', 'm.room.join_rules', 'm.room.create', 'm.space.child', 'm.room.name']) {
    it(`takes any content of ${type}`, () => {
      for (const content of wrong) {
        const snapshot = read(JOINED, event(type, content, type === 'm.space.child' ? '!child' : ''));
        expect(snapshot.faults).to.include(`The content of ${type} is not an object.`);
        expect([...snapshot.state.values()].map((entry) => entry.content)).to.deep.equal([{}]);
        expect(powerOf(snapshot, BOT)).to.equal(0);
      }
    });
  }

  it('leaves out what is no state event, and says how much', () => {
    const snapshot = read(
      CREATE,
      JOINED,
      ...[null, 5, 'x', [], {}],
      event('m.room.name', {}, 5),
      event('m.room.name', {}, '', { sender: 'nurse' }),
      event('m.room.name', {}, '', { event_id: 5 }),
      { ...event('m.room.name', {}), type: ['m.room.name'] },
    );
    expect(snapshot.faults).to.deep.equal(['9 state events are malformed.']);
    expect(snapshot.state.size).to.equal(1);
  });

  it('leaves out malformed members, and does not repeat them', () => {
    const snapshot = read(
      CREATE,
      JOINED,
      ...[null, 'x', {}, { membership: 5 }, { membership: 'boss' }].map((content) =>
        event('m.room.member', content, NURSE),
      ),
      event('m.room.member', { membership: 'join' }, '5551234567'),
    );
    expect([...snapshot.members]).to.deep.equal([[BOT, 'join']]);
    expect(snapshot.faults.join()).to.contain('A membership event is malformed.').and.not.to.contain('555');
  });

  it('takes the last of two events for the same state, and says so', () => {
    const snapshot = read(CREATE, JOINED, event('m.room.name', { name: 'a' }), event('m.room.name', { name: 'b' }));
    expect(snapshot.state.get(stateId('m.room.name'))?.content).to.deep.equal({ name: 'b' });
    expect(snapshot.faults).to.deep.equal(['The homeserver named the same state twice; the last one counts.']);
  });

  it('takes the last of two keys of one object, also of those that objects have', () => {
    const [create, joined] = [CREATE, JOINED].map((value) => JSON.stringify(value));
    const name = JSON.stringify(event('m.room.name', 'CONTENT')).replace(
      '"CONTENT"',
      '{"name":"a","name":"b","__proto__":{"polluted":1},"constructor":5}',
    );
    const snapshot = readState(ROOM, BOT, Buffer.from(`[${create},${joined},${name}]`)).snapshot();
    expect(snapshot.state.get(stateId('m.room.name'))?.content).to.include({ name: 'b' });
    expect({}).not.to.have.property('polluted');
    expect(snapshot.faults).to.deep.equal([]);
  });

  it('leaves out content that is nested too deeply or too large', () => {
    const deep = JSON.stringify(event('m.room.name', 'CONTENT')).replace('"CONTENT"', nested(200));
    const large = JSON.stringify(event('m.room.topic', { topic: 'x'.repeat(70_000) }));
    const text = `[${JSON.stringify(CREATE)},${JSON.stringify(JOINED)},${deep},${large}]`;
    const snapshot = readState(ROOM, BOT, Buffer.from(text)).snapshot();
    expect(snapshot.faults).to.have.members([
      'The content of m.room.name is nested too deeply.',
      'The content of m.room.topic is too large.',
    ]);
    expect(snapshot.state.get(stateId('m.room.name'))?.content).to.deep.equal({});
  });

  it('takes power levels of 60 kB', () => {
    const users = Object.fromEntries(Array.from({ length: 1900 }, (_, index) => [`@u${index}:hospital.test`, 1]));
    const snapshot = read(CREATE, JOINED, event('m.room.power_levels', { users }));
    expect(powerOf(snapshot, '@u1899:hospital.test' as UserId)).to.equal(1);
    expect(snapshot.faults).to.deep.equal([]);
  });

  it('has 10,000 members', () => {
    const members = Array.from({ length: 10_000 }, (_, index) =>
      event('m.room.member', { membership: 'join' }, `@u${index}:hospital.test`),
    );
    const snapshot = read(CREATE, ...members, JOINED);
    expect(snapshot.members.size).to.equal(10_001);
    expect(snapshot.faults).to.deep.equal([]);
  });

  it('has as many members as are kept, first those who are in, always the bot', () => {
    const many = (membership: string, name: string) =>
      Array.from({ length: MAX_MEMBERS - 10 }, (_, index) =>
        event('m.room.member', { membership }, `@${name}${index}:hospital.test`),
      );
    const snapshot = read(CREATE, ...many('leave', 'gone'), ...many('join', 'here'), JOINED);
    expect(snapshot.members.size).to.equal(MAX_MEMBERS);
    expect(snapshot.members.get(BOT)).to.equal('join');
    expect([...snapshot.members.values()].filter((membership) => membership === 'join')).to.have.length(
      MAX_MEMBERS - 9,
    );
    expect(snapshot.faults.join()).to.contain('more than 20000 members');
  }).timeout(20_000);

  it('has as many children as are kept, and all that there is only once', () => {
    const children = Array.from({ length: MAX_KEYED + 5 }, (_, index) => event('m.space.child', {}, `!c${index}`));
    const large = Array.from({ length: 40 }, (_, index) => event('m.bridge', { x: 'x'.repeat(60_000) }, `b${index}`));
    for (const flood of [children, large]) {
      const snapshot = read(CREATE, JOINED, ...flood, event('m.room.join_rules', { join_rule: 'public' }));
      expect(snapshot.faults).to.deep.equal(['The room has more state than is looked at.']);
      expect(snapshot.state.get(stateId('m.room.join_rules'))?.content).to.deep.equal({ join_rule: 'public' });
      expect(snapshot.state.size).to.be.lessThan(MAX_KEYED + 3);
    }
  });

  it('must be a list of events', () => {
    const failure = (text: string): unknown => {
      try {
        return readState(ROOM, BOT, Buffer.from(text));
      } catch (error) {
        return error;
      }
    };
    for (const text of ['', '{', '{}', 'null', '5', '\xff']) expect(failure(text)).to.be.instanceOf(RetryableError);
    expect(failure('['.repeat(100_000))).to.be.instanceOf(PermanentError);
  });
});
