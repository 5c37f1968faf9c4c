/** Commands by which somebody might hit the wrong person, or do what is not theirs. Each is refused, in words that say why, and nothing is done. */
import { expect } from 'chai';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { ADMIN, CLERK, COMMAND_ROOM, GHOST, NAMESPACE, NURSE, VISITOR } from '../../support/fakes/test-bridge.ts';
import { hostileTargets, NOT_A_USER, OTHER_SERVER } from '../../support/hostile-targets.ts';
import { DESK, LEE, LockFixture, SECOND } from './lock-fixture.ts';

const NOT_PERMITTED =
  /^Refused: you may not end sessions, lock and unlock accounts, offboard\. Ask your administrator\.$/;

/** Typed after `!care lock ` by somebody who may lock. */
const TARGETS: readonly (readonly [string, string, RegExp])[] = [
  ...hostileTargets({ lee: LEE, nurse: NURSE, bot: NAMESPACE.bot, ghost: GHOST }),
  ['the last administrator (A9)', `${ADMIN} phone lost`, /^Refused: that is the last administrator\.$/],
  ['no user', '', /^Nothing was done: user is missing/],
  ['no reason', LEE, /^Nothing was done: reason is missing/],
];

/** Who types `!care lock @lee:hospital.test phone lost`. */
const SENDERS: readonly (readonly [string, UserId])[] = [
  ['a nurse', NURSE],
  ['a clerk', CLERK],
  ['a visitor in the command room', VISITOR],
  ['a guest', '@1234:hospital.test' as UserId],
  ['whoever may be locked', LEE],
];
const LOCK = `!care lock ${LEE} phone lost`;

describe('hostile commands', () => {
  let fixture: LockFixture;
  beforeEach(async () => void (fixture = await LockFixture.create()));
  afterEach('nothing was done', async () => {
    expect(fixture.accounts.runs).to.equal(0);
  });
  const questions = () => fixture.said.filter(({ text }) => text.includes('✅')).length;

  for (const [what, words, expected] of TARGETS) {
    it(`refuses ${what} (D5)`, async () => {
      await fixture.type(`!care lock ${words}`, SECOND);
      expect(fixture.lastWords).to.match(expected);
      expect(questions()).to.equal(0);
      expect(fixture.audited.at(-1)).to.match(/^command\.lock refused/);
    });
  }

  for (const [who, sender] of SENDERS) {
    it(`refuses ${who} (A2)`, async () => {
      await fixture.type(LOCK, sender);
      expect(fixture.lastWords).to.match(NOT_PERMITTED);
      expect(fixture.storage.audited()).to.have.length(1);
      expect(fixture.storage.audited()[0]).to.include({ actor: sender, outcome: 'refused', action: 'command.lock' });
      expect(fixture.storage.audited()[0]).to.include({ target: LEE, reason: 'phone lost' });
    });
  }

  it('refuses an administrator of the same name on another server, whatever the roles say (A1)', async () => {
    await fixture.type(LOCK, '@admin:evil.test' as UserId);
    expect(fixture.lastWords).to.equal('Refused: only users of this homeserver can use commands.');
  });

  it('does not hear the bot and ghosts (A1)', async () => {
    for (const sender of [NAMESPACE.bot, GHOST]) await fixture.type(LOCK, sender);
    expect(fixture.said).to.deep.equal([]);
  });

  const edit = (body: string) => ({
    msgtype: 'm.text',
    body: `* ${body}`,
    'm.new_content': { msgtype: 'm.text', body },
    'm.relates_to': { rel_type: 'm.replace', event_id: '$earlier' },
  });
  it('refuses what an edit makes of a message', async () => {
    await fixture.type('', SECOND, { content: edit(LOCK) });
    expect(fixture.lastWords).to.equal('Refused: commands are not run from edits. Type it as a new message.');
    expect(fixture.audited).to.deep.equal(['command.lock refused refused edited']);
  });

  it('is not moved by an edit of the command after the question', async () => {
    const first = await fixture.type('!care lock @other:hospital.test phone lost', SECOND);
    await fixture.type('', SECOND, {
      content: { ...edit(LOCK), 'm.relates_to': { rel_type: 'm.replace', event_id: first } },
    });
    expect(fixture.said.filter(({ text }) => text.startsWith(LEE))).to.deep.equal([]);
  });

  it('refuses a command in the clear, whoever sends it', async () => {
    await fixture.bridge.event({
      type: 'm.room.message',
      room_id: COMMAND_ROOM,
      sender: SECOND,
      content: { msgtype: 'm.text', body: LOCK },
    });
    await fixture.bridge.pump();
    expect(fixture.lastWords).to.equal('Refused: this room is not encrypted. Use an encrypted room.');
    expect(questions()).to.equal(0);
  });

  it('refuses in a room that is not the command room (A2)', async () => {
    const { roomId } = await fixture.bridge.conversation('+12125550110');
    await fixture.type(LOCK, SECOND, { roomId });
    expect(fixture.world.sender.said(roomId).at(-1)).to.equal('Refused: use this in the command room.');
    await fixture.type(LOCK, SECOND, { roomId: '!elsewhere' as RoomId });
    expect(questions()).to.equal(0);
  });

  it('refuses everything but help in a command room that is not safe, and says why (A3)', async () => {
    fixture.world.rooms.commandRoomProblem = 'people can join without an invitation.';
    await fixture.type(LOCK, SECOND);
    expect(fixture.lastWords).to.match(
      /^Refused: this room is not safe for commands: people can join without an invitation\./,
    );
    await fixture.type('!care help', SECOND);
    expect(fixture.lastWords).to.include('!care help');
  });

  it('does not take a mention for another user than the one it shows and links to', async () => {
    const link = (id: string, name: string) => `<a href="https://matrix.to/#/${id}">${name}</a>`;
    const send = (body: string, formatted_body: string) =>
      fixture.type('', SECOND, {
        content: { msgtype: 'm.text', body, format: 'org.matrix.custom.html', formatted_body },
      });
    await send('!care lock Dr. Lee phone lost', `!care lock ${link(LEE, 'Dr. Lee')} phone lost`);
    expect(fixture.lastWords).to.match(/^@lee:hospital\.test would be locked/);
    // The formatted words are others than the plain ones: only the plain ones count.
    await send('!care lock Dr. Lee phone lost', `!care lock ${link('@other:hospital.test', 'Dr. Moe')} phone lost`);
    expect(fixture.lastWords).to.match(NOT_A_USER);
    await send('!care lock Dr. Lee phone lost', `!care lock ${link('@lee:evil.test', 'Dr. Lee')} phone lost`);
    expect(fixture.lastWords).to.match(OTHER_SERVER);
    await send('!care lock @room phone lost', `!care lock ${link('!room:hospital.test', '@room')} phone lost`);
    expect(fixture.lastWords).to.match(NOT_A_USER);
  });

  it('does not count a yes that was said to another event, or in other words', async () => {
    const command = await fixture.type(LOCK, SECOND);
    await fixture.reacts('✅', SECOND, { to: command });
    await fixture.reacts('✅', SECOND, { to: '$other' as EventId });
    for (const relation of [
      { rel_type: 'm.reference', event_id: fixture.prompt, key: '✅' },
      { rel_type: 'm.annotation', event_id: fixture.prompt },
      { rel_type: 'm.annotation', event_id: [fixture.prompt], key: '✅' },
      { rel_type: 'm.annotation', event_id: fixture.prompt, key: { '✅': true } },
      null,
    ]) {
      await fixture.bridge.event({
        type: 'm.reaction',
        room_id: COMMAND_ROOM,
        sender: SECOND,
        content: { 'm.relates_to': relation },
      });
    }
    await fixture.bridge.pump();
  });

  it('drops a command that was removed before the yes, and one whose question was removed', async () => {
    for (const isQuestion of [false, true]) {
      const command = await fixture.type(LOCK, SECOND);
      const { prompt, code } = fixture;
      const content = { redacts: isQuestion ? prompt : command };
      await fixture.bridge.event({ type: 'm.room.redaction', room_id: COMMAND_ROOM, sender: SECOND, content });
      await fixture.bridge.pump();
      expect(fixture.lastWords).to.equal('The command was removed, so it is dropped. Nothing was done.');
      await fixture.reacts('✅', SECOND, { to: prompt });
      await fixture.type(`!care confirm ${code}`, SECOND);
      expect(fixture.lastWords).to.match(/^There is nothing to confirm under this code/);
    }
    expect(fixture.audited).to.include('command.lock refused confirmation cancelled');
  });

  it('does not count a bystander’s yes, a yes that was taken back, or a code that was guessed', async () => {
    await fixture.type(LOCK, DESK);
    await fixture.reacts('✅', NURSE);
    await fixture.type('!care confirm aaaaaaaa', SECOND);
    await fixture.bridge.event({
      type: 'm.reaction',
      room_id: COMMAND_ROOM,
      sender: SECOND,
      unsigned: { redacted_because: {} },
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: fixture.prompt, key: '✅' } },
    });
    await fixture.bridge.pump();
    expect(fixture.audited).to.include('command.lock refused confirmation refused');
  });
});

describe('a yes that is replayed', () => {
  it('does nothing a second time: by the same event, by another, by the code, for the next question', async () => {
    const fixture = await LockFixture.create();
    await fixture.type(LOCK, DESK);
    const { prompt, code } = fixture;
    await fixture.reacts('✅', DESK, { eventId: '$yes' as EventId });
    await fixture.reacts('✅', DESK, { to: prompt, eventId: '$yes' as EventId });
    await fixture.reacts('✅', SECOND, { to: prompt });
    await fixture.type(`!care confirm ${code}`, SECOND);
    await fixture.type('!care lock @other:hospital.test phone lost', DESK);
    await fixture.reacts('✅', DESK, { to: prompt });
    expect([...fixture.accounts.locked.values()]).to.deep.equal([LEE]);
    expect(fixture.accounts.runs).to.equal(1);
  });
});
