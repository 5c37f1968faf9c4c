import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { ensureCommandRoom } from '../../../src/services/ensure-command-room.ts';
import { ensureSecurityRoom } from '../../../src/services/ensure-security-room.ts';
import { Notifier } from '../../../src/services/notifier.ts';
import { ReplaceLostRooms } from '../../../src/services/replace-lost-rooms.ts';
import { roomInPlaceOf } from '../../../src/services/replaced-rooms.ts';
import { ADMIN, BOT } from '../../support/care-room.ts';
import { GovernanceFixture } from '../../support/governance-fixture.ts';

describe('a command room or security room that is lost', () => {
  let fixture: GovernanceFixture;
  let command: RoomId;
  let lost: Set<RoomId>;
  let moved: string[];
  let lostRooms: ReplaceLostRooms;
  let isAway: boolean;

  beforeEach(async () => {
    fixture = new GovernanceFixture();
    lost = new Set();
    moved = [];
    isAway = false;
    const { storage, make, policy } = fixture;
    command = await ensureCommandRoom({ ...storage, make });
    lostRooms = new ReplaceLostRooms({
      ...storage,
      make,
      namespace: policy.namespace,
      log: silentLogger,
      notifier: new Notifier({ ...storage, bot: BOT, wake: () => undefined }),
      roomMoved: (from, to) => void moved.push(`${from} ${to}`),
      rooms: {
        async isIn(roomId: RoomId) {
          if (isAway) throw new RetryableError('away');
          return !lost.has(roomId);
        },
      },
    });
  });
  afterEach(async () => {
    await lostRooms[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  const currentCommandRoom = async () => (await fixture.storage.settings.get('command-room')) as RoomId;
  const withSecurityRoom = () => ensureSecurityRoom({ ...fixture.storage, make: fixture.make });

  /** `room text`, in the order in which it was said. */
  async function said(): Promise<string[]> {
    const rows = await fixture.storage.notices.due(Number.MAX_SAFE_INTEGER, new Set(), 100);
    return rows.flatMap(({ roomId, notice }) => (notice.kind === 'message' ? [`${roomId} ${notice.text}`] : []));
  }

  it('A3 is replaced once, with those of a role asked in, told there and to security', async () => {
    const security = await withSecurityRoom();
    await lostRooms.look();
    expect(fixture.control.created).to.have.length(2);
    lost.add(command);
    await Promise.all([lostRooms.look(), lostRooms.look({ roomId: command, by: ADMIN })]);
    await lostRooms.look();
    const made = await currentCommandRoom();
    expect(made).to.not.equal(command);
    expect(fixture.control.created).to.have.length(3);
    expect(fixture.control.created[2]?.invite).to.deep.equal(fixture.control.created[0]?.invite);
    expect((await fixture.storage.governedRooms.all()).map(({ roomId }) => roomId)).to.have.members([security, made]);
    const words = `The command room ${command} is lost: it was deleted, or the bot was put out. Another was made: ${made}. Ask who did that.`;
    expect(await said()).to.have.members([`${made} ${words}`, `${security} ${words}`]);
    expect(fixture.storage.audited().map(({ action, actor }) => `${action} ${actor}`)).to.deep.equal([
      'room.replace carebridge',
    ]);
    expect(moved).to.deep.equal([`${command} ${made}`]);
    expect(await roomInPlaceOf(fixture.storage.settings, command)).to.equal(made);
  });

  it('A3 of security is replaced, and told in the new one', async () => {
    const security = await withSecurityRoom();
    lost.add(security);
    await lostRooms.look();
    const [room] = await fixture.storage.governedRooms.ofKind('security');
    expect(room?.roomId).to.not.equal(security);
    expect(await said()).to.have.length(1);
    expect((await said())[0]).to.match(new RegExp(`^${room?.roomId} The security room ${security} is lost: `));
  });

  it('names who put the bot out, and goes on from one successor to the next', async () => {
    lost.add(command);
    await lostRooms.look({ roomId: command, by: ADMIN });
    expect((await said())[0]).to.include(`is lost: the bot was put out by ${ADMIN}.`);
    const second = await currentCommandRoom();
    lost.add(second);
    await lostRooms.look({ roomId: command, by: '@other:hospital.test' as UserId });
    expect(await currentCommandRoom()).to.not.be.oneOf([command, second]);
    expect((await said())[1]).to.include(`${second} is lost: it was deleted`);
    expect(await roomInPlaceOf(fixture.storage.settings, command)).to.equal(await currentCommandRoom());
  });

  it('that was closed is replaced, though the bot is in it; another room is not', async () => {
    await lostRooms.close('!elsewhere' as RoomId);
    expect(moved).to.deep.equal([]);
    await lostRooms.close(command);
    await lostRooms.close(command);
    expect(moved).to.have.length(1);
    expect((await said())[0]).to.include('it was closed, and points to no room that the bot may follow to');
  });

  it('is not called lost while the homeserver is away; what failed keeps nobody from looking again', async () => {
    lost.add(command);
    isAway = true;
    expect(await lostRooms.look().catch((error: unknown) => error)).to.be.instanceOf(RetryableError);
    expect(moved).to.deep.equal([]);
    isAway = false;
    await lostRooms.look();
    expect(moved).to.have.length(1);
  });

  it('is found within a minute where nobody tells of it', async () => {
    const clock = useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      lostRooms.start();
      lost.add(command);
      clock.tick(60_000);
      // Waits for the look that is under way, and begins none.
      await lostRooms[Symbol.asyncDispose]();
      expect(moved).to.have.length(1);
    } finally {
      clock.restore();
    }
  });
});
