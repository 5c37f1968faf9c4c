import { expect } from 'chai';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { JsonValue } from '../../../src/model/json.ts';
import { ADMIN, BOT, GHOST, ICU, NURSE, OTHER_GHOST, PHYSICIAN, STRANGER } from '../../support/care-room.ts';
import { GovernanceFixture } from '../../support/governance-fixture.ts';
import { waitFor } from '../../support/wait-for.ts';

const PUBLIC = { join_rule: 'public' };

describe('governing rooms', () => {
  let fixture: GovernanceFixture;
  const open = (more = {}): GovernanceFixture => (fixture = new GovernanceFixture(more));

  afterEach(async () => {
    await fixture?.[Symbol.asyncDispose]();
  });

  describe('at rest', () => {
    it('finds nothing to do in rooms that it made, of every kind', async () => {
      const { control } = open();
      await fixture.room({ kind: 'unit', name: 'Intensive care', unit: ICU });
      await fixture.room({ kind: 'care-team', also: [PHYSICIAN] });
      await fixture.room();
      await fixture.room({ kind: 'command', unit: undefined, name: 'Carebridge commands' });
      await fixture.room({ kind: 'security', unit: undefined, name: 'Carebridge security' });
      await fixture.govern.sweepNow();
      // The space is told of the room that was made after it.
      expect(control.applied.map(({ kind, rule }) => `${rule} ${kind}`)).to.deep.equal(['spaces set-state']);
      expect(fixture.told).to.deep.equal([]);
    });

    it('asks the homeserver for each room once, however often it looks', async () => {
      const { control } = open();
      for (let made = 0; made < 20; made++) await fixture.room();
      expect(control.fetches).to.equal(20);
      for (let sweep = 0; sweep < 3; sweep++) await fixture.govern.sweepNow();
      expect(control.fetches).to.equal(20);
    });
  });

  describe('puts back', () => {
    it('what somebody changed, and the audit log says who, what, before and after', async () => {
      open();
      const roomId = await fixture.room();
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      const [begun, ended] = fixture.storage.audited();
      expect(begun).to.include({ action: 'room.repair-begun', outcome: 'done', actor: 'carebridge', roomId });
      expect(ended).to.deep.include({
        action: 'room.repair',
        outcome: 'done',
        roomId,
        cause: `changed by ${ADMIN}`,
        before: PUBLIC as JsonValue,
        after: { join_rule: 'invite' },
      });
      expect(ended?.details).to.include({ rule: 'join-rules', changedBy: ADMIN, ended: 'applied' });
      expect(ended?.sourceEvent).to.match(/^\$event/);
    });

    it('all of the power levels in one write', async () => {
      open();
      const roomId = await fixture.room();
      const levels = fixture.control.content(roomId, 'm.room.power_levels');
      await fixture.write(
        roomId,
        'm.room.power_levels',
        { ...levels, users: { [NURSE]: 100, [STRANGER]: 50 }, invite: 0, events: {}, users_default: 50 },
        ADMIN,
      );
      const writes = fixture.control.applied.filter(({ rule }) => rule === 'power-levels');
      expect(writes).to.have.length(1);
      expect(fixture.control.content(roomId, 'm.room.power_levels')).to.deep.include({ users_default: 0, invite: 50 });
      const [entry] = fixture.repairs();
      expect(entry?.before).to.deep.include({ [`users ${NURSE}`]: 100, users_default: 50, invite: 0 });
      expect(entry?.after).to.deep.include({ users_default: 0, invite: 50 });
    });

    it('says so in the room once for a burst, with who changed it', async () => {
      open();
      const roomId = await fixture.room();
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      await fixture.write(roomId, 'm.room.guest_access', { guest_access: 'can_join' }, PHYSICIAN);
      await fixture.speak();
      expect(fixture.said).to.have.length(1);
      const [{ roomId: where, text } = { roomId, text: '' }] = fixture.said;
      expect(where).to.equal(roomId);
      expect(text).to.include('join rule was public').and.to.include(ADMIN).and.to.include(PHYSICIAN);
      await fixture.speak();
      expect(fixture.said).to.have.length(1);
    });

    it('never lets words that people wrote into the log, the audit or the room (L1)', async () => {
      open();
      const roomId = await fixture.room();
      await fixture.write(roomId, 'm.room.name', { name: 'Maria Lopez +1 212 555 0123' }, ADMIN);
      await fixture.write(roomId, 'm.room.topic', { topic: 'Maria Lopez 2125550123' }, ADMIN);
      await fixture.write(roomId, 'm.room.canonical_alias', { alias: '#maria-lopez:hospital.test' }, ADMIN);
      await fixture.write(roomId, 'm.room.pinned_events', { pinned: ['Maria Lopez 2125550123'] }, ADMIN);
      await fixture.speak();
      expect(fixture.repairs()).to.have.length.greaterThan(3);
      const all = JSON.stringify([fixture.storage.audited(), fixture.said, fixture.told]).toLowerCase();
      for (const part of ['maria', 'lopez', '0123']) expect(all).not.to.include(part);
    });

    it('and lets out whoever may not be in, with the reason, and tells who had let them in (A5, A6)', async () => {
      open();
      const roomId = await fixture.room();
      fixture.control.move(roomId, STRANGER, 'invite', NURSE);
      fixture.control.move(roomId, OTHER_GHOST, 'join');
      await fixture.look(roomId);
      expect(fixture.control.membership(roomId, STRANGER)).to.equal('leave');
      expect(fixture.control.membership(roomId, OTHER_GHOST)).to.equal('leave');
      expect(fixture.control.membership(roomId, GHOST)).to.equal('join');
      const removal = fixture.control.applied.find((change) => 'userId' in change && change.userId === STRANGER);
      expect(removal?.why).to.include('staff with a role');
      const entry = fixture.repairs().find(({ target }) => target === STRANGER);
      expect(entry?.details).to.include({ change: 'remove', changedBy: NURSE });
    });

    it('what the bot wrote by an older policy, without telling the room', async () => {
      open();
      const roomId = await fixture.room();
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, BOT);
      await fixture.speak();
      expect(fixture.repairs()).to.have.length(1);
      expect(fixture.said).to.deep.equal([]);
    });

    it('what no event told of, after looking anew', async () => {
      open();
      const roomId = await fixture.room();
      const { fetches } = fixture.control;
      fixture.control.write(roomId, 'm.room.join_rules', PUBLIC, { sender: ADMIN });
      await fixture.govern.sweepNow();
      expect(fixture.repairs()).to.have.length(1);
      expect(fixture.control.fetches).to.equal(fetches + 1);
    });

    it('when roles change: who has none any more is out of all rooms', async () => {
      open();
      const rooms = [await fixture.room(), await fixture.room()];
      const without = new Map(fixture.policy.assigned);
      without.delete(NURSE);
      fixture.policy = { ...fixture.policy, assigned: without };
      const { fetches } = fixture.control;
      fixture.govern.policyChanged();
      const isOut = (roomId: RoomId) => fixture.control.membership(roomId, NURSE) === 'leave';
      await waitFor('the nurse to be out of both', () => rooms.every(isOut));
      await fixture.govern.settled();
      // It is known why they differ: nothing is asked anew.
      expect(fixture.control.fetches).to.equal(fetches);
    });

    it('what changes while it is at work, after it', async () => {
      open();
      const roomId = await fixture.room();
      let isFirst = true;
      fixture.control.onApply = () => {
        if (!isFirst) return;
        isFirst = false;
        fixture.control.write(roomId, 'm.room.guest_access', { guest_access: 'can_join' }, { sender: ADMIN });
        fixture.govern.roomsChanged([roomId]);
      };
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      expect(fixture.control.content(roomId, 'm.room.guest_access')).to.deep.equal({ guest_access: 'forbidden' });
    });

    it('one room at a time by one, and several rooms side by side', async () => {
      open({ concurrency: 3 });
      const rooms = [await fixture.room(), await fixture.room(), await fixture.room(), await fixture.room()];
      const at = new Map<RoomId, number>();
      let most = 0;
      fixture.control.onApply = async (roomId) => {
        expect(at.get(roomId) ?? 0).to.equal(0);
        at.set(roomId, 1);
        most = Math.max(
          most,
          [...at.values()].reduce((sum, one) => sum + one, 0),
        );
        await new Promise((resolve) => setImmediate(resolve));
        at.set(roomId, 0);
      };
      for (const roomId of rooms) fixture.control.write(roomId, 'm.room.join_rules', PUBLIC, { sender: ADMIN });
      await fixture.look(...rooms, ...rooms);
      expect(most).to.equal(3);
      expect(fixture.repairs()).to.have.length(4);
    });
  });

  describe('reports what it cannot put right', () => {
    it('once, also after a restart, and says when it is over', async () => {
      open();
      const roomId = await fixture.room();
      await fixture.write(roomId, 'm.room.tombstone', { replacement_room: '!elsewhere' }, ADMIN);
      await fixture.speak();
      expect(fixture.told).to.have.length(1);
      expect(fixture.told[0]).to.include('tombstone').and.to.include(ADMIN).and.to.include(roomId);
      await fixture.look(roomId);
      await fixture.restart();
      await fixture.speak();
      expect(fixture.told).to.have.length(1);
      await fixture.write(roomId, 'm.room.tombstone', {}, ADMIN);
      await fixture.speak();
      expect(fixture.told[1]).to.include('Resolved').and.to.include('tombstone');
      expect(fixture.storage.audited().map(({ action }) => action)).to.deep.equal(['room.report', 'room.report-over']);
    });

    it('the same of many rooms in one message, with a few named', async () => {
      open();
      const rooms = [];
      for (let made = 0; made < 40; made++) rooms.push(await fixture.room());
      for (const roomId of rooms) fixture.control.write(roomId, 'm.room.tombstone', { body: 'x' }, { sender: ADMIN });
      await fixture.look(...rooms);
      await fixture.speak();
      expect(fixture.told).to.have.length(1);
      expect(fixture.told[0]).to.include('and 35 more');
    });

    it('that the bot is out of the room, or has lost its power', async () => {
      const { control } = open();
      control.version = '11';
      const [gone, weak] = [await fixture.room(), await fixture.room()];
      control.move(gone, BOT, 'leave', ADMIN);
      const levels = control.content(weak, 'm.room.power_levels');
      control.write(weak, 'm.room.power_levels', { ...levels, users: { [ADMIN]: 100, [BOT]: 50 } }, { sender: ADMIN });
      await fixture.look(gone, weak);
      await fixture.speak();
      expect(fixture.told[0]).to.include('not in the room').and.to.include('needs 100');
      expect(control.applied).to.deep.equal([]);
    });

    it('is told again where telling failed', async () => {
      let isBroken = true;
      const told: string[] = [];
      open({
        security: {
          tell: async (text: string) => {
            if (isBroken) throw new Error('the database is away');
            told.push(text);
          },
        },
      });
      const roomId = await fixture.room();
      await fixture.write(roomId, 'm.room.tombstone', { body: 'x' }, ADMIN);
      await fixture.speak();
      isBroken = false;
      await fixture.speak();
      expect(told).to.have.length(1);
    });
  });

  describe('backs off', () => {
    it('where it was refused, and tries at once when its power is another', async () => {
      open();
      const roomId = await fixture.room();
      let tries = 0;
      fixture.control.onApply = () => void tries++;
      fixture.control.denies.add('m.room.join_rules');
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      await fixture.speak();
      expect(tries).to.equal(1);
      expect(fixture.told[0]).to.include('join-rules').and.to.include('not have enough power');
      expect(fixture.repairs().at(-1)).to.include({ outcome: 'failed' });
      await fixture.look(roomId);
      expect(tries).to.equal(1);
      fixture.now += 30_001;
      await fixture.look(roomId);
      expect(tries).to.equal(2);
      fixture.now += 30_001;
      await fixture.look(roomId);
      expect(tries).to.equal(2);

      fixture.control.denies.clear();
      const levels = fixture.control.content(roomId, 'm.room.power_levels') ?? {};
      await fixture.write(roomId, 'm.room.power_levels', { ...levels }, BOT);
      expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      await fixture.speak();
      expect(fixture.told.at(-1)).to.include('Resolved');
    });

    it('where it failed otherwise, and tells people only when it stays so', async () => {
      open();
      const roomId = await fixture.room();
      fixture.control.fails.add('m.room.join_rules');
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      await fixture.speak();
      expect(fixture.told).to.deep.equal([]);
      for (let tries = 0; tries < 3; tries++) {
        fixture.now += 60_000;
        await fixture.look(roomId);
      }
      await fixture.speak();
      expect(fixture.told).to.have.length(1);
    });

    it('while the homeserver is away, also in the middle, and goes on when it is back; the audit log has how each ended', async () => {
      open();
      const roomId = await fixture.room();
      fixture.control.write(roomId, 'm.room.guest_access', { guest_access: 'can_join' }, { sender: ADMIN });
      fixture.control.onApply = () => void (fixture.control.isAway = fixture.control.applied.length > before);
      const before = fixture.control.applied.length;
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      const ends = () =>
        fixture.repairs().map(({ details, outcome }) => `${(details as { rule: string }).rule} ${outcome}`);
      expect(ends()).to.deep.equal(['join-rules done', 'guest-access failed']);
      fixture.control.onApply = () => undefined;
      fixture.control.isAway = false;
      fixture.govern.retryNow();
      await fixture.govern.settled();
      expect(ends().slice(2)).to.deep.equal(['guest-access done']);
      const begun = fixture.storage.audited().filter(({ action }) => action === 'room.repair-begun');
      expect(begun).to.have.length(fixture.repairs().length);
      await fixture.speak();
      expect(fixture.told).to.deep.equal([]);
    });

    it('changes nothing while the audit log cannot be written (164.312(b))', async () => {
      const { storage } = open();
      const roomId = await fixture.room();
      const { append } = storage.audit;
      storage.audit.append = async () => {
        throw new Error('the disk is full');
      };
      await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
      expect(fixture.control.applied).to.deep.equal([]);
      storage.audit.append = append;
      fixture.govern.retryNow();
      await fixture.govern.settled();
      expect(fixture.repairs()).to.have.length(1);
    });

    it('so that one room with hundreds of changes does not hold up the others', async () => {
      open({ rate: { burst: 1_000, perSecond: 100 } });
      const [crowded, other] = [await fixture.room(), await fixture.room()];
      for (let n = 0; n < 300; n++) fixture.control.move(crowded, `@s${n}:hospital.test` as UserId, 'join');
      fixture.control.write(other, 'm.room.join_rules', PUBLIC, { sender: ADMIN });
      await fixture.look(crowded, other);
      const done = () => fixture.control.applied.filter(({ roomId }) => roomId === crowded).length;
      expect(done()).to.equal(60);
      expect(fixture.control.content(other, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      while (done() < 300) {
        const before = done();
        fixture.now += 30_000;
        await fixture.look(crowded);
        expect(done()).to.be.greaterThan(before);
      }
    });
  });

  describe('in a war', () => {
    it('stops fighting for that one thing, names the other side, and takes it up later', async () => {
      open();
      const roomId = await fixture.room();
      const bots = ['@bot-a:hospital.test', '@bot-b:hospital.test'] as UserId[];
      for (let turn = 0; turn < 5; turn++) {
        await fixture.write(roomId, 'm.room.join_rules', PUBLIC, bots[turn % 2]!);
      }
      expect(fixture.repairs()).to.have.length(3);
      expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.equal(PUBLIC);
      await fixture.write(roomId, 'm.room.guest_access', { guest_access: 'can_join' }, ADMIN);
      expect(fixture.control.content(roomId, 'm.room.guest_access')).to.deep.equal({ guest_access: 'forbidden' });
      await fixture.speak();
      for (const bot of bots) expect(fixture.told[0]).to.include(bot);
      fixture.now += 600_001;
      await fixture.look(roomId);
      expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      await fixture.speak();
      expect(fixture.told.at(-1)).to.include('Resolved');
    });

    it('never leaves somebody in for longer than a minute who may not be in', async () => {
      open();
      const roomId = await fixture.room();
      for (let turn = 0; turn < 5; turn++) {
        fixture.control.move(roomId, STRANGER, 'join');
        await fixture.look(roomId);
      }
      expect(fixture.control.membership(roomId, STRANGER)).to.equal('join');
      fixture.now += 60_001;
      await fixture.look(roomId);
      expect(fixture.control.membership(roomId, STRANGER)).to.equal('leave');
    });

    it('is none with ourselves: what roles change is written as often as they do', async () => {
      open();
      const roomId = await fixture.room();
      for (let turn = 0; turn < 8; turn++) await fixture.write(roomId, 'm.room.join_rules', PUBLIC, BOT);
      expect(fixture.repairs()).to.have.length(8);
    });
  });

  it('only reports in a dry run', async () => {
    open({ isDryRun: true });
    const roomId = await fixture.room();
    await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
    await fixture.speak();
    expect(fixture.control.applied).to.deep.equal([]);
    expect(fixture.told[0]).to.include('join rule was public').and.to.include('dry run');
    expect(fixture.said).to.deep.equal([]);
  });

  it('needs nothing but a look after it was killed at any point', async () => {
    open();
    const roomId = await fixture.room();
    for (let killAt = 0; killAt < 4; killAt++) {
      fixture.control.write(roomId, 'm.room.join_rules', PUBLIC, { sender: ADMIN });
      fixture.control.write(roomId, 'm.room.guest_access', { guest_access: 'can_join' }, { sender: ADMIN });
      fixture.control.move(roomId, STRANGER, 'join');
      let step = 0;
      fixture.control.onApply = () => {
        if (step++ === killAt) throw new Error('killed');
      };
      await fixture.look(roomId);
      fixture.control.onApply = () => undefined;
      await fixture.restart();
      expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
      expect(fixture.control.content(roomId, 'm.room.guest_access')).to.deep.equal({ guest_access: 'forbidden' });
      expect(fixture.control.membership(roomId, STRANGER)).to.equal('leave');
    }
    const begun = fixture.storage.audited().filter(({ action }) => action === 'room.repair-begun');
    expect(begun.length).to.be.greaterThanOrEqual(fixture.repairs().length);
  });

  it('finishes what is at work when it is stopped, and says what was collected', async () => {
    open();
    const roomId = await fixture.room();
    const [begun, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    fixture.control.onApply = () => {
      begun.resolve();
      return answered.promise;
    };
    fixture.control.write(roomId, 'm.room.join_rules', PUBLIC, { sender: ADMIN });
    fixture.govern.roomsChanged([roomId]);
    await begun.promise;
    const stopped = fixture.govern[Symbol.asyncDispose]();
    answered.resolve();
    await stopped;
    expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.equal({ join_rule: 'invite' });
    expect(fixture.said).to.have.length(1);
    fixture.control.onApply = () => undefined;
    await fixture.govern[Symbol.asyncDispose]();
  });

  it('forgets a room that was released', async () => {
    open();
    const roomId = await fixture.room();
    await fixture.write(roomId, 'm.room.tombstone', { body: 'x' }, ADMIN);
    await fixture.speak();
    await fixture.storage.governedRooms.release(roomId, ADMIN, fixture.now);
    await fixture.write(roomId, 'm.room.join_rules', PUBLIC, ADMIN);
    await fixture.speak();
    expect(fixture.control.applied).to.deep.equal([]);
    expect(fixture.told.at(-1)).to.include('Resolved');
  });
});
