import { expect } from 'chai';
import { MembershipCache } from 'matrix-appservice-bridge';
import { PermanentError } from '../../../src/errors.ts';
import { RoomMembers, type MembershipChange } from '../../../src/matrix/membership.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import { FakeHomeserver, refusal } from './fake-homeserver.ts';

const BOT = '@carebridge:hospital.test' as UserId;
const GHOST = '@carebridge_a:hospital.test' as UserId;
const NURSE = '@nurse:hospital.test' as UserId;
const DOCTOR = '@doctor:hospital.test' as UserId;
const ROOM = '!room' as RoomId;
const NAMESPACE = { bot: BOT, ghostPrefix: 'carebridge_', domain: 'hospital.test' };
const START = 1_700_000_000_000;
const MINUTE = 60_000;

let counter = 0;
function member(userId: string, membership: unknown, at: number): MatrixEvent {
  return {
    type: 'm.room.member',
    room_id: ROOM,
    event_id: `$${counter++}` as EventId,
    sender: NURSE,
    origin_server_ts: at,
    state_key: userId,
    content: { membership },
  };
}

describe('members of rooms', () => {
  let homeserver: FakeHomeserver;
  let cache: MembershipCache;
  let members: RoomMembers;
  let joined: string[];

  beforeEach(() => {
    joined = [BOT, NURSE];
    homeserver = new FakeHomeserver(() => ({ joined: Object.fromEntries(joined.map((user) => [user, {}])) }));
    cache = new MembershipCache();
    members = new RoomMembers({ homeserver, namespace: NAMESPACE, cache, now: () => START });
  });

  const now = async () => [...(await members.joined(ROOM))];

  it('are fetched once, as the bot, however many ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, now));
    for (const answer of answers) expect(answer).to.deep.equal([BOT, NURSE]);
    await now();
    expect(homeserver.calls).to.deep.equal([`${BOT} GET /_matrix/client/v3/rooms/!room/joined_members`]);
  });

  it('follow events without being fetched again', async () => {
    await now();
    members.observe([member(DOCTOR, 'join', START + 2 * MINUTE), member(NURSE, 'leave', START + 2 * MINUTE)]);
    expect(await now()).to.deep.equal([BOT, DOCTOR]);
    for (const membership of ['invite', 'ban', 'knock']) {
      members.observe([member(DOCTOR, membership, START + 3 * MINUTE)]);
      expect(await now()).to.deep.equal([BOT]);
      members.observe([member(DOCTOR, 'join', START + 4 * MINUTE)]);
    }
    expect(homeserver.calls).to.have.length(1);
  });

  it('hands out snapshots', async () => {
    const before = await members.joined(ROOM);
    members.observe([member(NURSE, 'leave', START + 2 * MINUTE)]);
    expect([...before]).to.deep.equal([BOT, NURSE]);
    expect(await now()).to.deep.equal([BOT]);
  });

  it('are fetched anew when an event may be older than the list: who left gets no key by a stale join', async () => {
    await now();
    members.observe([member(DOCTOR, 'join', START - MINUTE)]);
    expect(await now()).to.deep.equal([BOT, NURSE]);
    expect(homeserver.calls).to.have.length(2);
  });

  it('are fetched again when an event overtakes the fetch', async () => {
    const first = Promise.withResolvers<void>();
    homeserver.answer = async () => {
      if (homeserver.calls.length === 1) {
        await first.promise;
        return { joined: { [BOT]: {}, [NURSE]: {} } };
      }
      return { joined: { [BOT]: {} } };
    };
    const answer = now();
    members.observe([member(NURSE, 'leave', START)]);
    first.resolve();
    expect(await answer).to.deep.equal([BOT]);
    expect(await now()).to.deep.equal([BOT]);
    expect(homeserver.calls).to.have.length(2);
  });

  it('do not keep a list that every fetch found overtaken', async () => {
    homeserver.answer = () => {
      members.observe([member(DOCTOR, 'join', START)]);
      return { joined: { [BOT]: {} } };
    };
    expect(await now()).to.deep.equal([BOT]);
    expect(homeserver.calls).to.have.length(3);
    homeserver.answer = () => ({ joined: { [BOT]: {}, [DOCTOR]: {} } });
    expect(await now()).to.deep.equal([BOT, DOCTOR]);
  });

  it('are asked for again after a failure', async () => {
    const good = homeserver.answer;
    homeserver.answer = () => {
      throw refusal(403, 'M_FORBIDDEN');
    };
    expect(await now().catch((error: unknown) => error)).to.be.instanceOf(PermanentError);
    homeserver.answer = good;
    expect(await now()).to.deep.equal([BOT, NURSE]);
  });

  it('of 10,000 are one request and then a look-up', async () => {
    joined = Array.from({ length: 10_000 }, (_, index) => `@user${index}:hospital.test`);
    expect((await members.joined(ROOM)).size).to.equal(10_000);
    for (let count = 0; count < 10_000; count++) expect((await members.joined(ROOM)).has(NURSE)).to.equal(false);
    members.observe([member(NURSE, 'join', START + 2 * MINUTE)]);
    expect((await members.joined(ROOM)).size).to.equal(10_001);
    expect(homeserver.calls).to.have.length(1);
  });

  it('tell listeners, until they stop', () => {
    const changes: MembershipChange[] = [];
    const stop = members.onChange((change) => changes.push(change));
    members.observe([
      member(DOCTOR, 'join', START),
      member('nobody', 'join', START),
      member(NURSE, 5, START),
      { ...member(NURSE, 'leave', START), type: 'm.room.topic' },
    ]);
    stop();
    members.observe([member(NURSE, 'leave', START)]);
    expect(changes).to.deep.equal([{ roomId: ROOM, userId: DOCTOR, membership: 'join' }]);
  });

  it("tell the library's cache of our own users alone", async () => {
    joined = [BOT, NURSE, GHOST];
    await now();
    members.observe([member(DOCTOR, 'join', START)]);
    expect(cache.getMembersForRoom(ROOM)).to.deep.equal([BOT, GHOST]);
    expect(cache.isUserRegistered(GHOST)).to.equal(true);
  });
});
