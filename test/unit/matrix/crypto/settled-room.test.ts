import { expect } from 'chai';
import { SESSION_MESSAGES, SESSION_MS } from '../../../../src/matrix/crypto/olm-engine.ts';
import { SettledRoom } from '../../../../src/matrix/crypto/settled-room.ts';
import type { DeviceChanges } from '../../../../src/matrix/crypto/store/device-changes.ts';
import type { SessionAges } from '../../../../src/matrix/crypto/store/session-ages.ts';
import type { RoomId, UserId } from '../../../../src/model/ids.ts';

const nurse = '@nurse:hospital.test' as UserId;
const doctor = '@doctor:hospital.test' as UserId;
const ghost = '@care_x:hospital.test' as UserId;
const members: ReadonlySet<UserId> = new Set([nurse, ghost]);
const recipientsOf = (all: ReadonlySet<UserId>) => new Set([...all].filter((user) => user !== ghost));
const DAY_MS = 24 * 3600 * 1000;

describe('settled room', () => {
  let now: number;
  let changed: UserId[];
  let noted: Map<string, number>;
  let room: SettledRoom;

  beforeEach(() => {
    now = 1_000_000;
    changed = [];
    noted = new Map();
    room = makeRoom();
  });

  it('is not settled before a key was shared and used', () => {
    expect(isSettled()).to.equal(false);
    share();
    expect(isSettled()).to.equal(false);
    use(0);
    expect(isSettled()).to.equal(true);
  });

  it('lasts for as many messages as the session does', () => {
    share();
    use(0);
    use(SESSION_MESSAGES - 2);
    expect(isSettled()).to.equal(true);
    use(SESSION_MESSAGES - 1);
    expect(isSettled()).to.equal(false);
  });

  it('ends before the session gets too old', () => {
    share();
    use(0);
    now += SESSION_MS - 2 * 3_600_000;
    expect(isSettled()).to.equal(true);
    now += 3_600_000;
    expect(isSettled()).to.equal(false);
  });

  it('is not settled while the clock is behind the session', () => {
    share();
    use(0);
    now -= 1;
    expect(isSettled()).to.equal(false);
  });

  it('is not settled with a session whose age is not known', () => {
    share();
    use(7);
    expect(isSettled()).to.equal(false);
  });

  it('knows the age of a session that it began in an earlier life', () => {
    share();
    use(0);
    const later = makeRoom();
    now += DAY_MS;
    later.beginSharing();
    later.shared(sharing());
    later.used({ sessionId: 'session', index: 1 });
    expect(later.isSettled(members, recipientsOf)).to.equal(true);
    now += 6 * DAY_MS;
    expect(later.isSettled(members, recipientsOf)).to.equal(false);
  });

  it('takes a session for as old as the first attempt that may have made it', () => {
    // The key was made, and handing it out failed; days and a restart later it is handed out and used.
    room.beginSharing();
    now += 6 * DAY_MS;
    room = makeRoom();
    share();
    use(0);
    now += DAY_MS / 2;
    expect(isSettled()).to.equal(true);
    now += DAY_MS / 2;
    expect(isSettled()).to.equal(false);
  });

  it('forgets an attempt once a message was sent', () => {
    share();
    use(5);
    expect(noted.has('attempt')).to.equal(false);
  });

  it('is not settled after encrypting failed', () => {
    share();
    use(0);
    room.failed();
    expect(isSettled()).to.equal(false);
  });

  it('does not care for other ghosts, and looks at a new list of members once', () => {
    share();
    use(0);
    const more = new Set([...members, '@care_y:hospital.test' as UserId]);
    let looks = 0;
    const look = (all: ReadonlySet<UserId>) => {
      looks++;
      return new Set([...all].filter((user) => !user.startsWith('@care_')));
    };
    expect(room.isSettled(more, look)).to.equal(true);
    expect(room.isSettled(more, look)).to.equal(true);
    expect(looks).to.equal(1);
  });

  for (const [what, others] of [
    ['joined', [nurse, doctor, ghost]],
    ['left', [ghost]],
    ['was replaced', [doctor, ghost]],
  ] as const) {
    it(`ends when somebody ${what}`, () => {
      share();
      use(0);
      expect(room.isSettled(new Set(others), recipientsOf)).to.equal(false);
    });
  }

  it('ends when a recipient’s devices changed, not when somebody else’s did', () => {
    share();
    use(0);
    changed.push(doctor);
    expect(isSettled()).to.equal(true);
    changed.push(nurse);
    expect(isSettled()).to.equal(false);
  });

  it('looks again after a while where a device could not be reached', () => {
    room.beginSharing();
    room.shared({ ...sharing(), lookAgainAt: now + 300_000 });
    use(0);
    expect(isSettled()).to.equal(true);
    now += 300_000;
    expect(isSettled()).to.equal(false);
  });

  it('is not settled where the message could not be read', () => {
    share();
    room.used(undefined);
    expect(isSettled()).to.equal(false);
  });

  function makeRoom(): SettledRoom {
    const changes = {
      get newest() {
        return changed.length;
      },
      since: (seen: number) => changed.slice(seen),
    } as unknown as DeviceChanges;
    const ages = {
      madeAt: (id: string) => noted.get(id),
      begin: (_user: UserId, _room: RoomId, at: number) => {
        if (!noted.has('attempt')) noted.set('attempt', at);
        return noted.get('attempt');
      },
      end: (_user: UserId, _room: RoomId, _before: number, made?: { sessionId: string; at: number }) => {
        noted.delete('attempt');
        if (made) noted.set(made.sessionId, made.at);
      },
    } as unknown as SessionAges;
    return new SettledRoom({ userId: ghost, roomId: '!room' as RoomId, changes, ages, now: () => now });
  }

  function sharing() {
    return {
      members,
      recipients: recipientsOf(members),
      seen: changed.length,
      at: now,
      lookAgainAt: Number.POSITIVE_INFINITY,
    };
  }

  function share(): void {
    room.beginSharing();
    room.shared(sharing());
  }

  function use(index: number): void {
    room.used({ sessionId: 'session', index });
  }

  function isSettled(): boolean {
    return room.isSettled(members, recipientsOf);
  }
});
