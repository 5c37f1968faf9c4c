import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import { ADMIN, COMMAND_ROOM, GHOST, NAMESPACE, NURSE } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

describe('rooms', () => {
  let fixture: ServicesFixture;
  let roomId: RoomId;
  beforeEach(async () => {
    fixture = await ServicesFixture.create();
    roomId = (await fixture.bridge.conversation(PATIENT)).roomId;
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const happens = async (...args: Parameters<typeof fixture.bridge.event>) => {
    const eventId = await fixture.bridge.event(...args);
    await fixture.bridge.pump();
    return eventId;
  };

  describe('in a room that is not known', () => {
    const made = '!being-made' as RoomId;

    it('wait for it a while, since it may be being made', async () => {
      const { id } = await fixture.bridge.find(PATIENT);
      await fixture.writes(made, 'early');
      expect(fixture.received()).to.deep.equal([]);
      fixture.world.rooms.add(made);
      fixture.world.rooms.join(made, NURSE);
      await fixture.world.stores.conversations.setRoom(id, made);
      await fixture.after(2_000);
      expect(fixture.received()).to.deep.equal(['early']);
    });

    it('mean nothing after a minute', async () => {
      await fixture.writes(made, 'stray');
      await fixture.after(60_000);
      expect((await fixture.world.stores.events.depth(Date.now())).waiting).to.equal(0);
      expect(fixture.received()).to.deep.equal([]);
    });
  });

  describe('a room that the bridge was put out of', () => {
    const said = async (room = roomId) => {
      const { contact } = await fixture.bridge.find(PATIENT);
      return fixture.world.sender.said(room, contact.ghost);
    };
    const patientTexts = async (text: string) => {
      await fixture.bridge.patientTexts(PATIENT, text);
      await fixture.bridge.pump();
    };

    it('takes the patient’s side in again with the next text', async () => {
      fixture.world.rooms.putOut(roomId, (await fixture.bridge.find(PATIENT)).contact.ghost);
      await patientTexts('still here?');
      expect(await said()).to.deep.equal(['still here?']);
    });

    it('keeps a text for the next try where the patient’s side is put out while it speaks', async () => {
      const { contact } = await fixture.bridge.find(PATIENT);
      const { rooms, sender } = fixture.world;
      const send = sender.send.bind(sender);
      sender.send = async () => {
        rooms.putOut(roomId, contact.ghost);
        sender.send = send;
        throw new PermanentError('forbidden');
      };
      await patientTexts('still here?');
      expect(await said()).to.deep.equal([]);
      await fixture.after(2_000);
      expect(await said()).to.deep.equal(['still here?']);
      expect(fixture.adminsHeard).to.deep.equal([]);
    });

    it('waits for the bot, which can be invited, and keeps the order', async () => {
      fixture.world.rooms.putOut(roomId, NAMESPACE.bot);
      for (const text of ['one', 'two']) await patientTexts(text);
      await fixture.after(60_000);
      expect(await said()).to.deep.equal([]);
      fixture.world.rooms.join(roomId, NAMESPACE.bot);
      await fixture.after(60_000);
      expect(await said()).to.deep.equal(['one', 'two']);
      expect((await fixture.bridge.find(PATIENT)).roomId).to.equal(roomId);
    });

    it('gets a successor where both are out, also by the command that opens it; the lost one is no longer governed', async () => {
      const { contact } = await fixture.bridge.find(PATIENT);
      fixture.world.rooms.putOut(roomId, NAMESPACE.bot, contact.ghost, NURSE);
      await fixture.writes(COMMAND_ROOM, `!care text ${PATIENT}`);
      const { roomId: successor } = await fixture.bridge.find(PATIENT);
      expect(successor).to.be.a('string').and.not.equal(roomId);
      expect(fixture.adminsHeard.join('\n')).to.include(encodeURIComponent(successor!));
      const { governedRooms } = fixture.world.stores;
      expect(await governedRooms.find(roomId)).to.equal(undefined);
      expect(await governedRooms.find(successor!)).to.deep.include({ kind: 'conversation', phiClass: 'phi' });
      expect([...fixture.world.rooms.rooms.get(successor!)!.invited]).to.deep.equal([NURSE]);
      fixture.world.rooms.join(successor!, NURSE);
      await patientTexts('found you');
      expect(await said(successor)).to.deep.equal(['found you']);
    });
  });

  describe('an upgrade', () => {
    const replacement = '!upgraded' as RoomId;
    const tombstone = { type: 'm.room.tombstone', content: { replacement_room: replacement } };

    it('is followed: both ways go on in the new room', async () => {
      const { contact } = await fixture.bridge.find(PATIENT);
      await happens({ ...tombstone, room_id: roomId, state_key: '' });
      fixture.world.rooms.join(replacement, NURSE);
      await fixture.writes(replacement, 'out');
      await fixture.bridge.patientTexts(PATIENT, 'in');
      await fixture.bridge.pump();
      expect((await fixture.bridge.find(PATIENT)).roomId).to.equal(replacement);
      const { governedRooms } = fixture.world.stores;
      expect(await governedRooms.find(replacement)).to.deep.include({ kind: 'conversation', phiClass: 'phi' });
      expect(await governedRooms.find(roomId)).to.equal(undefined);
      expect(fixture.received()).to.deep.equal(['out']);
      expect(fixture.world.sender.said(replacement, contact.ghost)).to.deep.equal(['in']);
    });

    it('is told to whoever still writes in the old room: nothing of it is sent or run', async () => {
      await happens({ ...tombstone, room_id: roomId, state_key: '' });
      fixture.world.rooms.join(replacement, NURSE);
      const events = [await fixture.writes(roomId, 'too late'), await fixture.writes(roomId, '!care who')];
      expect(fixture.received()).to.deep.equal([]);
      const told = fixture.world.sender.events.filter(
        ({ roomId: room, as }) => room === roomId && as === NAMESPACE.bot,
      );
      expect(told.slice(-2).map(({ content }) => content['m.relates_to'])).to.deep.equal(
        events.map((event_id) => ({ 'm.in_reply_to': { event_id } })),
      );
      expect(told.at(-1)?.content['body']).to.match(
        /^Not sent: this room was replaced by another\. Write there: https:\/\/matrix\.to\/#\/!upgraded/,
      );
    });

    it('of the command room is followed', async () => {
      await happens({ ...tombstone, room_id: COMMAND_ROOM, state_key: '' });
      fixture.world.rooms.join(replacement, NURSE);
      await fixture.writes(replacement, '!care help');
      expect(fixture.world.sender.said(replacement)).to.have.length(1);
      expect(await fixture.world.stores.settings.get('command-room')).to.equal(replacement);
    });

    it('is tried again while the bot is not invited, and its invitation is not turned down', async () => {
      fixture.world.rooms.upgradeFault = new RetryableError('not invited');
      await happens({ ...tombstone, room_id: roomId, state_key: '' });
      const create = { type: 'm.room.create', content: { predecessor: { room_id: roomId } } };
      await happens({
        type: 'm.room.member',
        room_id: replacement,
        state_key: NAMESPACE.bot,
        content: { membership: 'invite' },
        unsigned: { invite_room_state: [{ type: 'm.room.name' }, create] },
      });
      expect(fixture.world.rooms.left).to.deep.equal([]);
      fixture.world.rooms.upgradeFault = undefined;
      await fixture.after(1_000);
      expect((await fixture.bridge.find(PATIENT)).roomId).to.equal(replacement);
    });

    for (const content of [{}, { replacement_room: 7 }, { replacement_room: 'nonsense' }]) {
      it(`that leads nowhere is not followed: ${JSON.stringify(content)}`, async () => {
        await happens({ type: 'm.room.tombstone', room_id: roomId, state_key: '', content });
        expect((await fixture.bridge.find(PATIENT)).roomId).to.equal(roomId);
      });
    }
  });

  describe('an invitation of the bot', () => {
    const foreign = '!foreign' as RoomId;
    const invite = { type: 'm.room.member', room_id: foreign, content: { membership: 'invite' } };
    const STRANGE: readonly (readonly [string, object | undefined])[] = [
      ['no state', undefined],
      ['state that is no list', { invite_room_state: 'x' }],
      ['a list of nonsense', { invite_room_state: [null, 7, {}, { type: 'm.room.create' }] }],
      [
        'a predecessor that is not ours',
        { invite_room_state: [{ type: 'm.room.create', content: { predecessor: { room_id: '!x' } } }] },
      ],
      [
        'a predecessor that is no room',
        { invite_room_state: [{ type: 'm.room.create', content: { predecessor: { room_id: 7 } } }] },
      ],
    ];
    for (const [what, unsigned] of STRANGE) {
      it(`to a foreign room with ${what} is turned down`, async () => {
        await happens({
          ...invite,
          state_key: NAMESPACE.bot,
          ...(unsigned && { unsigned: unsigned as Record<string, unknown> }),
        });
        expect(fixture.world.rooms.left).to.deep.equal([foreign]);
      });
    }

    it('by somebody who may have rooms adopted waits for that', async () => {
      await happens({ ...invite, state_key: NAMESPACE.bot, sender: ADMIN });
      expect(fixture.world.rooms.left).to.deep.equal([]);
    });

    it('is not confused with that of somebody else', async () => {
      for (const state_key of [NURSE, GHOST]) await happens({ ...invite, state_key });
      expect(fixture.world.rooms.left).to.deep.equal([]);
    });
  });

  describe('the command room', () => {
    const replacement = '!upgraded' as RoomId;
    beforeEach(async () => {
      await fixture.world.stores.governedRooms.add({
        roomId: COMMAND_ROOM,
        kind: 'command',
        phiClass: 'phi',
        opaqueId: 'command',
        unit: undefined,
        conversation: undefined,
        name: 'Carebridge commands',
        origin: 'made',
        since: 1,
      });
    });

    const current = async () => (await fixture.world.stores.settings.get('command-room')) as RoomId;
    const isClosed = (content: object) =>
      happens({ type: 'm.room.tombstone', room_id: COMMAND_ROOM, state_key: '', content: { ...content } });
    const isPutOut = (membership: string) =>
      happens({
        type: 'm.room.member',
        room_id: COMMAND_ROOM,
        sender: ADMIN,
        state_key: NAMESPACE.bot,
        content: { membership },
      });

    /** Somebody of the team comes in, and reads. */
    async function readIn(room: RoomId): Promise<string[]> {
      fixture.world.rooms.join(room, ADMIN);
      await fixture.after(60_000);
      return fixture.botSaid(room);
    }

    for (const membership of ['leave', 'ban']) {
      it(`A3 is made anew at once where the bot is put out (${membership}), and that is told there once`, async () => {
        fixture.world.rooms.putOut(COMMAND_ROOM, NAMESPACE.bot);
        await isPutOut(membership);
        await isPutOut(membership);
        const made = await current();
        expect(made).to.not.equal(COMMAND_ROOM);
        expect(await readIn(made)).to.deep.equal([
          `The command room ${COMMAND_ROOM} is lost: the bot was put out by ${ADMIN}. Another was made: ${made}. Ask who did that.`,
        ]);
        await fixture.writes(made, '!care help');
        expect(fixture.botSaid(made)).to.have.length(2);
      });
    }

    it('stays where the bot was let in again before its event was worked on', async () => {
      await isPutOut('leave');
      expect(await current()).to.equal(COMMAND_ROOM);
    });

    it('A3 is made anew where it is deleted and nobody told us, and what the bot had to say there is said in the new one', async () => {
      fixture.world.rooms.putOut(COMMAND_ROOM, NAMESPACE.bot);
      await fixture.writes(COMMAND_ROOM, '!care help');
      const made = await current();
      expect(made).to.not.equal(COMMAND_ROOM);
      const [first, second, ...more] = await readIn(made);
      expect([first, second].join('\n')).to.include('is lost: it was deleted').and.to.include('!care text');
      expect(more).to.deep.equal([]);
    });

    it('A3 is made anew where it is closed and points nowhere; whoever writes in the old one is told', async () => {
      await isClosed({ body: 'moved' });
      const made = await current();
      expect((await readIn(made))[0]).to.include('it was closed, and points to no room that the bot may follow to');
      await fixture.writes(COMMAND_ROOM, '!care help');
      expect(fixture.adminsHeard.at(-1)).to.include(`Write there: https://matrix.to/#/${encodeURIComponent(made)}`);
    });

    it('A3 is made anew where the bot must not follow, and where it is not invited within a minute', async () => {
      fixture.world.rooms.upgradeFault = new RetryableError('not invited');
      await isClosed({ replacement_room: replacement });
      await fixture.after(30_000);
      expect(await current()).to.equal(COMMAND_ROOM);
      for (let waited = 0; waited < 4; waited++) await fixture.after(60_000);
      const made = await current();
      expect(made).to.not.be.oneOf([COMMAND_ROOM, replacement]);
      fixture.world.rooms.upgradeFault = new PermanentError('not invite-only');
      await happens({
        type: 'm.room.tombstone',
        room_id: made,
        state_key: '',
        content: { replacement_room: replacement },
      });
      expect(await current()).to.not.be.oneOf([COMMAND_ROOM, replacement, made]);
      expect(fixture.world.rooms.rooms.get(await current())?.plan.name).to.equal('Carebridge commands');
    });
  });
});
