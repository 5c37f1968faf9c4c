import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import { toFault } from '../../../src/matrix/matrix-fault.ts';
import { readState } from '../../../src/matrix/state-body.ts';
import { StateSnapshots } from '../../../src/matrix/state-snapshots.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { KEPT_STATE } from '../../../src/model/kept-state.ts';
import { powerOf, powerToWrite } from '../../../src/model/room-power.ts';
import { stateId } from '../../../src/model/room-snapshot.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import { refusal } from './fake-homeserver.ts';

const BOT = '@bot:hospital.test' as UserId;
const NURSE = '@nurse:hospital.test' as UserId;
const OUT = '@out:hospital.test' as UserId;
const ROOM = '!room' as RoomId;
const OTHER = '!other' as RoomId;
const START = 1_700_000_000_000;
const MINUTE = 60_000;

/** A homeserver's room: each state event replaces the one before. */
class Room {
  readonly state = new Map<string, MatrixEvent>();
  isSilentAboutReplaced = false;
  #counter = 0;
  readonly #roomId: RoomId;

  constructor(roomId = ROOM) {
    this.#roomId = roomId;
    this.write('m.room.create', { room_version: '11' }, '', BOT);
    this.write('m.room.member', { membership: 'join' }, BOT, BOT);
    this.write('m.room.name', { name: 'one' });
  }

  write(type: string, content: object, stateKey = '', sender = NURSE, at = START): MatrixEvent {
    const key = stateId(type, stateKey);
    const replaced = this.state.get(key)?.event_id;
    const event: MatrixEvent = {
      type,
      room_id: this.#roomId,
      event_id: `$${this.#counter++}` as EventId,
      sender,
      origin_server_ts: at,
      state_key: stateKey,
      content: content as Record<string, unknown>,
      ...(replaced && !this.isSilentAboutReplaced && { unsigned: { replaces_state: replaced } }),
    };
    this.state.set(key, event);
    return event;
  }

  name(name: string, at = START): MatrixEvent {
    return this.write('m.room.name', { name }, '', NURSE, at);
  }

  member(user: UserId, membership: string, sender = user): MatrixEvent {
    return this.write('m.room.member', { membership }, user, sender);
  }

  record() {
    return readState(this.#roomId, BOT, Buffer.from(JSON.stringify([...this.state.values()])));
  }
}

describe('snapshots of governed rooms', () => {
  let room: Room;
  let fetches: RoomId[];
  let fetch: (roomId: RoomId) => ReturnType<Room['record']> | Promise<ReturnType<Room['record']>>;
  let governed: Set<RoomId>;
  let time: number;
  let snapshots: StateSnapshots;

  beforeEach(() => {
    room = new Room();
    fetches = [];
    fetch = () => room.record();
    governed = new Set([ROOM]);
    time = START;
    snapshots = new StateSnapshots({
      bot: BOT,
      fetch: async (roomId) => {
        fetches.push(roomId);
        return await fetch(roomId);
      },
      isGoverned: (roomId) => governed.has(roomId),
      log: silentLogger,
      now: () => time,
    });
  });

  const name = async (roomId = ROOM) => {
    const entry = (await snapshots.snapshot(roomId)).state.get(stateId('m.room.name'));
    return entry?.content['name'];
  };
  const observe = (...events: MatrixEvent[]) => [...snapshots.observe(events)];

  it('are fetched once, however many ask', async () => {
    await Promise.all(Array.from({ length: 50 }, () => name()));
    await name();
    expect(fetches).to.deep.equal([ROOM]);
  });

  it('follow events without a request, also right after the fetch', async () => {
    await name();
    expect(observe(room.name('two'), room.name('three'))).to.deep.equal([ROOM]);
    expect(await name()).to.equal('three');
    expect(observe(room.member(NURSE, 'invite', BOT), room.member(NURSE, 'join'))).to.deep.equal([ROOM]);
    expect((await snapshots.snapshot(ROOM)).members.get(NURSE)).to.equal('join');
    expect(observe(room.write('m.room.topic', { topic: 'new' }))).to.deep.equal([ROOM]);
    expect(fetches).to.have.length(1);
  });

  it('know who left by themselves, and who was put out', async () => {
    room.member(NURSE, 'leave');
    room.member(OUT, 'leave', BOT);
    expect((await snapshots.snapshot(ROOM)).leftThemselves).to.deep.equal(new Set([NURSE]));
    snapshots.observe([room.member(NURSE, 'invite', BOT)]);
    expect((await snapshots.snapshot(ROOM)).leftThemselves).to.deep.equal(new Set());
    snapshots.observe([room.member(OUT, 'join'), room.member(OUT, 'leave')]);
    expect((await snapshots.snapshot(ROOM)).leftThemselves).to.deep.equal(new Set([OUT]));
  });

  it('do not change once handed out, and are the same while nothing changes', async () => {
    const before = await snapshots.snapshot(ROOM);
    expect(await snapshots.snapshot(ROOM)).to.equal(before);
    observe(room.name('two'), room.member(NURSE, 'join'));
    expect(before.state.get(stateId('m.room.name'))?.content).to.deep.equal({ name: 'one' });
    expect(before.members.has(NURSE)).to.equal(false);
    expect(await name()).to.equal('two');
  });

  it('are not touched by what they hold already, by messages, or by types that nobody looks at', async () => {
    const held = room.name('two');
    await name();
    const message: MatrixEvent = { ...held, type: 'm.room.message', event_id: '$m' as EventId };
    delete (message as { state_key?: string }).state_key;
    expect(
      observe(held, message, room.write('org.example.state', {}), room.write('m.room.name', {}, 'key')),
    ).to.deep.equal([]);
    const sameAgain = room.member(BOT, 'join');
    expect(observe(sameAgain)).to.deep.equal([]);
    await name();
    expect(fetches).to.have.length(1);
  });

  const doubts: readonly (readonly [title: string, events: () => MatrixEvent[]])[] = [
    [
      'older than what is held',
      () => {
        const old = room.name('old');
        room.name('held');
        return [old];
      },
    ],
    [
      'after one that was missed',
      () => {
        const missed = room.name('missed');
        return [{ ...room.name('after'), unsigned: { replaces_state: missed.event_id } }];
      },
    ],
  ];
  for (const [title, events] of doubts) {
    it(`are fetched anew after an event that is ${title}`, async () => {
      const before = title.startsWith('older') ? events() : undefined;
      await name();
      expect(observe(...(before ?? events()))).to.deep.equal([ROOM]);
      expect(await name()).to.equal((room.state.get(stateId('m.room.name'))?.content as { name: string }).name);
      expect(fetches).to.have.length(2);
    });
  }

  it('go by the clock where the homeserver does not say what an event replaced', async () => {
    room.isSilentAboutReplaced = true;
    await name();
    observe(room.name('two', START + MINUTE - 1));
    expect(await name()).to.equal('two');
    expect(fetches).to.have.length(2);
    observe(room.name('three', START + MINUTE));
    expect(await name()).to.equal('three');
    expect(fetches).to.have.length(2);
  });

  it('are fetched anew when state that is held is redacted, not for other redactions', async () => {
    const named = room.name('123-45-6789');
    await name();
    const redaction = (redacts: string): MatrixEvent => {
      const { state_key: _, ...event } = room.write('m.room.redaction', {}, 'x');
      return { ...event, redacts };
    };
    expect(observe(redaction('$message'))).to.deep.equal([]);
    room.state.set(stateId('m.room.name'), { ...named, content: {} });
    expect(observe(redaction(named.event_id))).to.deep.equal([ROOM]);
    expect(await name()).to.equal(undefined);
    expect(fetches).to.have.length(2);
  });

  describe('while they are fetched', () => {
    async function during(work: () => void): Promise<void> {
      const answer = Promise.withResolvers<void>();
      fetch = async () => {
        const early = room.record();
        if (fetches.length === 1) await answer.promise;
        return early;
      };
      const asked = name();
      await Promise.resolve();
      work();
      fetch = () => room.record();
      answer.resolve();
      await asked;
    }

    it('take in what comes', async () => {
      await during(() => expect(observe(room.name('two'), room.name('three'))).to.deep.equal([ROOM]));
      expect(await name()).to.equal('three');
      expect(fetches).to.have.length(1);
    });

    it('know what they hold already', async () => {
      const events = [room.name('two'), room.name('three')];
      await during(() => void observe(...events));
      expect(await name()).to.equal('three');
      expect(fetches).to.have.length(1);
    });

    it('are asked for again where what comes does not fit', async () => {
      const old = room.name('two');
      room.name('three');
      await during(() => void observe(old));
      expect(await name()).to.equal('three');
      expect(fetches).to.have.length(2);
    });

    it('are asked for again where we wrote', async () => {
      await during(() => {
        void snapshots.writeState(ROOM, 'm.room.name', '', async () => {
          const { event_id: eventId, content } = room.name('ours');
          return { type: 'm.room.name', stateKey: '', content, sender: BOT, eventId };
        });
      });
      expect(await name()).to.equal('ours');
    });

    it('are not kept where every answer is overtaken, and not asked for without end', async () => {
      const strange = () => ({ ...room.name('x'), unsigned: { replaces_state: '$missing' } });
      fetch = async () => {
        const record = room.record();
        await Promise.resolve();
        observe(strange());
        return record;
      };
      await name();
      expect(fetches).to.have.length(3);
      fetch = () => room.record();
      await name();
      await name();
      expect(fetches).to.have.length(4);
    });

    it('survive ten thousand events', async () => {
      await during(() => {
        for (let count = 0; count < 10_000; count++) observe(room.name(`n${count}`));
      });
      expect(await name()).to.equal('n9999');
      expect(fetches).to.have.length(2);
    });
  });

  describe('after we wrote', () => {
    const rename = (content: object, sent?: (event: MatrixEvent) => void) =>
      snapshots.writeState(ROOM, 'm.room.name', '', async () => {
        const event = room.write('m.room.name', content, '', BOT);
        sent?.(event);
        return { type: 'm.room.name', stateKey: '', content, sender: BOT, eventId: event.event_id };
      });

    it('have it at once, and its event is no news', async () => {
      await name();
      let ours: MatrixEvent | undefined;
      await rename({ name: 'ours' }, (event) => (ours = event));
      expect(await name()).to.equal('ours');
      expect(observe(ours as MatrixEvent)).to.deep.equal([]);
      expect(fetches).to.have.length(1);
    });

    it('keep what came after it before its answer did', async () => {
      await name();
      await rename({ name: 'ours' }, (event) => void observe(event, room.name('theirs')));
      expect(await name()).to.equal('theirs');
      expect(fetches).to.have.length(1);
    });

    it('are right where somebody wrote just before', async () => {
      await name();
      const theirs = room.name('theirs');
      await rename({ name: 'ours' }, () => void observe(theirs));
      expect(await name()).to.equal('ours');
      expect(fetches).to.have.length(1);
    });

    it('are right where nothing was written because it was so already', async () => {
      await name();
      const held = room.state.get(stateId('m.room.name')) as MatrixEvent;
      await snapshots.writeState(ROOM, 'm.room.name', '', async () => {
        observe(room.name('theirs'));
        return { type: 'm.room.name', stateKey: '', content: held.content, sender: BOT, eventId: held.event_id };
      });
      expect(await name()).to.equal('theirs');
    });

    it('show a membership at once, also where the member was faster', async () => {
      const invited = room.member(NURSE, 'invite', BOT);
      await name();
      const membership = async () => (await snapshots.snapshot(ROOM)).members.get(NURSE);
      const joined = room.member(NURSE, 'join');
      expect(invited.event_id).not.to.equal(joined.event_id);
      const kicked = room.member(NURSE, 'leave', BOT);
      await snapshots.writeMember(ROOM, NURSE, 'leave', async () => true);
      expect(await membership()).to.equal('leave');
      // The event of what was before us comes late, then ours.
      expect(observe(joined)).to.deep.equal([]);
      expect(await membership()).to.equal('leave');
      expect(observe(kicked)).to.deep.equal([]);
      expect(observe(room.member(NURSE, 'join'))).to.deep.equal([ROOM]);
      expect(await membership()).to.equal('join');
      expect(fetches).to.have.length(1);
    });

    it('leave a membership as it is where nothing was written, or our event and a later one came first', async () => {
      await name();
      const membership = async () => (await snapshots.snapshot(ROOM)).members.get(NURSE);
      await snapshots.writeMember(ROOM, NURSE, 'invite', async () => false);
      expect(await membership()).to.equal(undefined);
      await snapshots.writeMember(ROOM, NURSE, 'invite', async () => {
        observe(room.member(NURSE, 'invite', BOT), room.member(NURSE, 'join'));
        return true;
      });
      expect(await membership()).to.equal('join');
      expect(fetches).to.have.length(1);
    });
  });

  it('cost nothing for rooms that are not governed', async () => {
    expect(observe(new Room(OTHER).name('x'))).to.deep.equal([]);
    fetch = () => new Room(OTHER).record();
    for (let count = 0; count < 2; count++) expect(await name(OTHER)).to.equal('one');
    expect(fetches).to.deep.equal([OTHER, OTHER]);
  });

  it('are dropped when a room is no longer governed', async () => {
    await name();
    governed.delete(ROOM);
    observe(room.name('two'));
    governed.add(ROOM);
    expect(await name()).to.equal('two');
    snapshots.forget(ROOM);
    await name();
    expect(fetches).to.have.length(3);
  });

  it('of rooms that were not asked for are news, and are not fetched for it', () => {
    expect(observe(room.name('two'))).to.deep.equal([ROOM]);
    expect(fetches).to.deep.equal([]);
  });

  it('are refused where the bot is not in the room, and not kept', async () => {
    await name();
    observe(room.member(BOT, 'leave', NURSE));
    const failure = () => snapshots.snapshot(ROOM).catch((error: unknown) => error);
    expect(await failure()).to.be.instanceOf(PermanentError);
    fetch = () => {
      throw toFault(refusal(403, 'M_FORBIDDEN'), 'read');
    };
    expect(await failure()).to.be.instanceOf(PermanentError);
    room.member(BOT, 'join');
    fetch = () => room.record();
    expect(await name()).to.equal('one');
  });

  it('are asked for again after a failure', async () => {
    fetch = () => {
      throw new RetryableError('away');
    };
    expect(await name().catch((error: unknown) => error)).to.be.instanceOf(RetryableError);
    fetch = () => room.record();
    expect(await name()).to.equal('one');
  });

  it('that are too large are not asked for again for ten minutes, whatever happens in the room', async () => {
    fetch = () => {
      throw new PermanentError('too large');
    };
    for (let count = 0; count < 5; count++) {
      observe(room.name(`n${count}`));
      for (const ask of [snapshots.snapshot(ROOM), snapshots.refresh(ROOM)])
        expect(await ask.catch((error: unknown) => error)).to.be.instanceOf(PermanentError);
    }
    expect(fetches).to.have.length(1);
    time += 10 * MINUTE;
    fetch = () => room.record();
    expect(await name()).to.equal('n4');
  });

  it('are fetched anew when asked to', async () => {
    await name();
    room.name('two');
    expect((await snapshots.refresh(ROOM)).state.get(stateId('m.room.name'))?.content).to.deep.equal({ name: 'two' });
    expect(fetches).to.have.length(2);
  });

  it('survive whatever members write, by transaction and by fetch, and can still be read', async () => {
    const values = [null, 0, -1, 1e308, 'text', '', true, [], {}, [null], { a: { b: [1] } }, '\u0000', '\ud800'];
    const fields = [
      'room_version',
      'additional_creators',
      'membership',
      'users',
      'events',
      'users_default',
      'via',
      '__proto__',
    ];
    await name();
    for (const type of [...KEPT_STATE, 'm.room.member', 'm.room.redaction']) {
      for (const value of values) {
        for (const content of [
          value,
          ...fields.map((field) => JSON.parse(`{"${field}":${JSON.stringify(value)}}`) as object),
        ]) {
          for (const key of ['', 'x', NURSE]) {
            const isCreation = type === 'm.room.create' && key === '';
            const event = room.write(type, (content ?? {}) as object, key);
            observe(event, { ...event, redacts: event.event_id }, { ...event, unsigned: { replaces_state: '$x' } });
            if (isCreation) room.write(type, { room_version: '12' }, key);
          }
        }
      }
      const snapshot = await snapshots.refresh(ROOM);
      for (const user of [BOT, NURSE]) expect(powerOf(snapshot, user)).to.be.a('number');
      expect(powerToWrite(snapshot, type)).to.be.a('number');
    }
  });

  it('of 2,000 rooms are fetched four at a time', async () => {
    const rooms = Array.from({ length: 2_000 }, (_, index) => `!room${index}` as RoomId);
    for (const roomId of rooms) governed.add(roomId);
    let running = 0;
    let most = 0;
    fetch = async (roomId) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return new Room(roomId).record();
    };
    await Promise.all(rooms.map((roomId) => name(roomId)));
    expect(fetches).to.have.length(2_000);
    expect(most).to.equal(4);
    await Promise.all(rooms.map((roomId) => name(roomId)));
    expect(fetches).to.have.length(2_000);
  });
});
