import { expect } from 'chai';
import { UserError } from '../../../src/errors.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { PHI_CLASS_EVENT } from '../../../src/model/phi-class.ts';
import { ADMIN, BOT, ICU, NURSE, PHYSICIAN, STRANGER, THERAPIST } from '../../support/care-room.ts';
import { roomServices } from '../../support/fakes/room-services.ts';
import { GovernanceFixture } from '../../support/governance-fixture.ts';

const CAUSE = '$asked' as EventId;
const THEIRS = '!theirs' as RoomId;

describe('governed rooms', () => {
  let fixture: GovernanceFixture;
  let services: ReturnType<typeof roomServices>;
  beforeEach(() => {
    fixture = new GovernanceFixture();
    services = roomServices(fixture.storage, fixture.view, fixture.control, fixture.govern);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  async function refusal(work: Promise<unknown>): Promise<string> {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(UserError);
    return (error as UserError).message;
  }

  /** A room that people made, with the bot in it. */
  function theirs(more: { version?: string; bot?: number; creators?: UserId[]; isSpace?: boolean } = {}): void {
    const { version = '10', bot = 100, creators = [], isSpace = false } = more;
    const { control } = fixture;
    control.rooms.set(THEIRS, {
      roomId: THEIRS,
      version,
      creators: new Set(creators),
      state: new Map(),
      members: new Map(),
      faults: [],
    });
    const write = (type: string, content: object) => control.write(THEIRS, type, content, { sender: ADMIN });
    write('m.room.create', { room_version: version, ...(isSpace && { type: 'm.space' }) });
    write('m.room.power_levels', { users: { [ADMIN]: 90, [BOT]: bot } });
    write('m.room.join_rules', { join_rule: 'public' });
    for (const user of [ADMIN, PHYSICIAN, STRANGER]) control.move(THEIRS, user, 'join');
    control.move(THEIRS, BOT, 'invite', ADMIN);
  }

  describe('create', () => {
    const ask = { actor: ADMIN, name: 'Ward round', unit: undefined, phiClass: 'phi' } as const;

    it('makes a room that is right at once, once for each event, with who asked for it in it', async () => {
      expect(await services.createRoom.judge(ask)).to.include('class phi');
      const { roomId } = await services.createRoom.run(ask, CAUSE);
      expect((await services.createRoom.run(ask, CAUSE)).roomId).to.equal(roomId);
      expect(fixture.control.created).to.have.length(1);
      expect(fixture.control.membership(roomId, ADMIN)).to.equal('invite');
      await fixture.look(roomId);
      expect(fixture.control.applied).to.deep.equal([]);
      expect(await fixture.storage.governedRooms.find(roomId)).to.include({ kind: 'care-team', name: 'Ward round' });
    });

    const refused: readonly [what: string, change: Partial<Parameters<typeof services.createRoom.judge>[0]>, RegExp][] =
      [
        ['a name with a number', { name: 'Room of 212 555 0123' }, /number/],
        ['a name that is too long', { name: 'a'.repeat(81) }, /too long/],
        ['a class that who asks may not see', { actor: NURSE, phiClass: 'sensitive' }, /could not be in it/],
        ['a unit that who asks does not belong to', { actor: NURSE, unit: ICU }, /could not be in it/],
      ];
    for (const [what, change, words] of refused) {
      it(`refuses ${what}`, async () => {
        expect(await refusal(services.createRoom.run({ ...ask, ...change }, CAUSE))).to.match(words);
        expect(fixture.control.created).to.deep.equal([]);
      });
    }

    it('puts rooms into their unit’s space, both ways, whichever was there first', async () => {
      const before = await services.createRoom.run({ ...ask, name: 'Before', unit: ICU }, '$1' as EventId);
      const { roomId: space } = await services.createUnit.run(ICU);
      const after = await services.createRoom.run({ ...ask, name: 'After', unit: ICU }, '$2' as EventId);
      await fixture.govern.sweepNow();
      for (const { roomId } of [before, after]) {
        expect(fixture.control.content(space, 'm.space.child', roomId)).to.deep.equal({ via: ['hospital.test'] });
        expect(fixture.control.content(roomId, 'm.space.parent', space)).to.include({ canonical: true });
        expect(fixture.control.content(roomId, 'm.room.join_rules')).to.deep.include({ join_rule: 'restricted' });
      }
      expect(await refusal(services.createUnit.judge(ICU))).to.include('already');
      expect((await services.createUnit.run(ICU)).roomId).to.equal(space);
    });

    it('asks the staff of a unit into its space', async () => {
      const { roomId } = await services.createUnit.run(ICU);
      expect([PHYSICIAN, THERAPIST, ADMIN].map((user) => fixture.control.membership(roomId, user))).to.deep.equal([
        'invite',
        'invite',
        undefined,
      ]);
    });
  });

  describe('adopt', () => {
    const adoption = { roomId: THEIRS, phiClass: 'phi', unit: undefined } as const;

    it('says beforehand what it can do, who would be let out, and what cannot be undone; and changes nothing', async () => {
      theirs();
      const { text } = await services.adoptRoom.preview(adoption);
      expect(text)
        .to.include('version 10')
        .and.to.include('has enough power')
        .and.to.include(`removed (1): ${STRANGER}`)
        .and.to.include('Encryption cannot be taken back')
        .and.to.include('join rule was public');
      expect(fixture.control.applied).to.deep.equal([]);
      expect(await fixture.storage.governedRooms.find(THEIRS)).to.equal(undefined);
    });

    it('puts it right, and keeps it so', async () => {
      theirs();
      const room = await services.adoptRoom.run(adoption, CAUSE);
      expect(await services.adoptRoom.run(adoption, CAUSE)).to.deep.include({ opaqueId: room.opaqueId });
      await fixture.govern.settled();
      expect(fixture.control.membership(THEIRS, STRANGER)).to.equal('leave');
      expect(fixture.control.membership(THEIRS, PHYSICIAN)).to.equal('join');
      expect(fixture.control.content(THEIRS, PHI_CLASS_EVENT)).to.deep.equal({ class: 'phi', id: room.opaqueId });
      expect((await services.showRooms.show(THEIRS)).differences.every(({ kind }) => kind === 'report')).to.equal(true);
    });

    it('says what it cannot do: without power, and under creators of version 12', async () => {
      theirs({ bot: 50 });
      expect((await services.adoptRoom.preview(adoption)).text)
        .to.include('power 50 of 100')
        .and.to.include('only report');
      theirs({ version: '12', creators: [ADMIN] });
      expect((await services.adoptRoom.preview(adoption)).text).to.include('outrank its policy');
    });

    it('refuses without an invitation, twice, an unknown version, and a space without its unit', async () => {
      theirs();
      fixture.control.move(THEIRS, BOT, 'leave');
      expect(await refusal(services.adoptRoom.preview(adoption))).to.include(`Invite ${BOT}`);
      theirs({ version: 'org.example.new' });
      expect(await refusal(services.adoptRoom.preview(adoption))).to.include('version');
      theirs({ isSpace: true });
      expect(await refusal(services.adoptRoom.preview(adoption))).to.include('--unit');
      const space = await services.adoptRoom.run({ ...adoption, unit: ICU }, CAUSE);
      expect(space).to.include({ kind: 'unit', unit: ICU });
      expect(await refusal(services.adoptRoom.preview(adoption))).to.include('already');
    });
  });

  describe('release', () => {
    it('gives the power to people who can use it, and the bot leaves', async () => {
      const roomId = await fixture.room({ kind: 'care-team', also: [PHYSICIAN, THERAPIST, ADMIN] });
      expect((await services.releaseRoom.preview(roomId, THERAPIST)).text)
        .to.include(ADMIN)
        .and.to.include(THERAPIST);
      expect(await services.releaseRoom.run(roomId, THERAPIST)).to.deep.equal({
        heirs: [THERAPIST, ADMIN],
        problems: [],
      });
      await fixture.govern.settled();
      const levels = fixture.control.content(roomId, 'm.room.power_levels') as { users: object; events: object };
      expect(levels.users).to.deep.equal({ [THERAPIST]: 100, [ADMIN]: 100 });
      expect(levels.events).to.include({ 'm.room.power_levels': 100 }).and.not.have.property('m.room.name');
      expect(fixture.control.content(roomId, PHI_CLASS_EVENT)).to.deep.equal({});
      expect(fixture.control.left).to.deep.equal([roomId]);
      expect(await fixture.storage.governedRooms.find(roomId)).to.equal(undefined);
      expect(fixture.control.membership(roomId, PHYSICIAN)).to.equal('join');
    });

    it('gives the bot’s own power away last, since nobody else could take it', async () => {
      fixture.control.version = '11';
      const roomId = await fixture.room({ kind: 'care-team', also: [ADMIN] });
      expect((await services.releaseRoom.run(roomId, ADMIN)).problems).to.deep.equal([]);
      const levels = fixture.control.content(roomId, 'm.room.power_levels');
      expect(levels).to.deep.include({ users: { [ADMIN]: 100 } });
    });

    it('refuses where nobody could govern it, and for the bridge’s own rooms', async () => {
      const roomId = await fixture.room({ kind: 'care-team', also: [THERAPIST] });
      expect(await refusal(services.releaseRoom.run(roomId, ADMIN))).to.include('Nobody in the room');
      expect(await fixture.storage.governedRooms.find(roomId)).not.to.equal(undefined);
      const patient = await fixture.room();
      expect(await refusal(services.releaseRoom.run(patient, ADMIN))).to.include('bridge’s own');
    });

    it('goes on where it was interrupted', async () => {
      const roomId = await fixture.room({ kind: 'care-team', also: [PHYSICIAN] });
      fixture.control.onApply = () => {
        throw new Error('killed');
      };
      await services.releaseRoom.run(roomId, PHYSICIAN).catch(() => undefined);
      expect(fixture.control.left).to.deep.equal([]);
      fixture.control.onApply = () => undefined;
      expect((await services.releaseRoom.run(roomId, PHYSICIAN)).heirs).to.deep.equal([PHYSICIAN]);
      expect(fixture.control.left).to.deep.equal([roomId]);
    });

    it('of a room that was only looked at makes the bot leave it and nothing else', async () => {
      theirs();
      await services.adoptRoom.preview({ roomId: THEIRS, phiClass: 'phi', unit: undefined });
      await services.releaseRoom.run(THEIRS, ADMIN);
      expect(fixture.control.applied).to.deep.equal([]);
      expect(fixture.control.left).to.deep.equal([THEIRS]);
    });
  });

  describe('set the class', () => {
    it('says what changes and who would be let out, and has it done', async () => {
      const roomId = await fixture.room({ kind: 'care-team', also: [PHYSICIAN, THERAPIST] });
      const { text, isNothingToDo } = await services.setClass.preview(roomId, 'sensitive');
      expect(text).to.include(`removed (1): ${PHYSICIAN}`);
      expect(isNothingToDo).to.equal(false);
      expect(await services.setClass.run(roomId, 'sensitive')).to.equal('phi');
      await fixture.govern.settled();
      expect(fixture.control.membership(roomId, PHYSICIAN)).to.equal('leave');
      expect(fixture.control.content(roomId, PHI_CLASS_EVENT)).to.include({ class: 'sensitive' });
      expect((await services.setClass.preview(roomId, 'sensitive')).isNothingToDo).to.equal(true);
    });

    it('says that no more texts go out, and never lets a patient’s room go unprotected', async () => {
      const roomId = await fixture.room();
      expect((await services.setClass.preview(roomId, 'sensitive')).text).to.include('No more texts');
      expect(await refusal(services.setClass.run(roomId, 'none'))).to.include('never be of class none');
      expect(await refusal(services.setClass.run('!unknown' as RoomId, 'phi'))).to.include('not governed');
    });
  });
});
