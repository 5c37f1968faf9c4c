/**
 * Commands by which somebody might hit the wrong person, or do what is not theirs, typed and sent in the real rooms: a real Synapse, real clients, the whole
 * bridge (D5, D6, A1, A2, F2). Each is refused in words that say why, nothing is done, and what is a command is on record.
 */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { BOT, Chat } from '../e2e/support/chat.ts';
import { query } from '../e2e/support/database.ts';
import { callAs, roomPath, startTestClinic } from '../e2e/support/test-clinic.ts';
import { hostileTargets, NOT_A_USER } from '../support/hostile-targets.ts';
import type { Nurse, ReceivedEvent } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyOf, CommandRoom } from './support/command-room.ts';

const LEE = '@lee:hospital.test';
const LOCK = `!care lock ${LEE} phone lost`;
const NOT_PERMITTED = /^Refused: you may not end sessions, lock and unlock accounts, offboard\./;
const FROM_AN_EDIT = /^Refused: commands are not run from edits\./;
const LOOKS_LIKE_ONE = /^This looks like a command, so it was not sent to the patient\./;
const NOT_A_DEVICE = /it must be a device, as `devices` shows it/;
const NOTHING_TO_CONFIRM = /^There is nothing to confirm under this code/;

/** Sends it, and returns the event; what the bot says to it, or undefined where it must not even take it for a command. */
interface Hostile {
  readonly what: string;
  readonly send: () => Promise<string>;
  readonly says: RegExp | undefined;
}

describe('hostile commands in the real rooms', function () {
  this.timeout(300_000);
  let clinic: Clinic;
  let commandRoom: CommandRoom;
  let admin: Nurse;
  let second: Nurse;
  let nurse: Nurse;
  let chat: Chat;
  let lee: string;
  /** A question about somebody else, on which nobody must get a yes by a trick. */
  let question: ReceivedEvent;
  let code: string;
  const cases: Hostile[] = [];
  const sent = new Map<string, string>();

  before(async function () {
    clinic = await startTestClinic(this, {
      accountControl: true,
      admins: ['admin', 'second'],
      // The question of the beginning is answered near the end.
      config: { commands: { confirm_within: '1h' } },
      lines: { 'front-desk': { number: '+12125550100', team: ['nurse', 'admin'] } },
    });
    const account = await clinic.synapse.registerUser('lee');
    lee = await clinic.synapse.accessToken(account, 'REALDEVICE');
    await clinic.synapse.accessToken(account, 'REALDEVICE\u200b');
    await clinic.synapse.registerUser('other');
    [admin, second, nurse] = [await clinic.login('admin'), await clinic.login('second'), await clinic.login('nurse')];
    commandRoom = await CommandRoom.join(clinic, admin, second, nurse);
    chat = await Chat.open(clinic, nurse, commandRoom.roomId, { consented: false });
    await admin.waitForInvite((roomId) => roomId === chat.room, commandRoom.instead());
    await admin.join(chat.room);
    question = await commandRoom.says('!care lock @other:hospital.test phone lost');
    code = /confirm ([a-z2-7]{8})/.exec(bodyOf(question))![1]!;
    cases.push(...typedTargets(), ...otherWays());
    for (const { what, send } of cases) sent.set(what, await send());
  });

  after(async () => {
    await clinic?.close();
  });

  const type = (text: string, who = admin, room = commandRoom.roomId) => who.send(room, text);
  const content = (body: string, more: object) =>
    admin.sendContent(commandRoom.roomId, 'm.room.message', { msgtype: 'm.text', body, ...more });
  const html = (body: string, formatted: string) =>
    content(body, { format: 'org.matrix.custom.html', formatted_body: formatted });
  const link = (target: string, name: string) => `<a href="https://matrix.to/#/${target}">${name}</a>`;

  function typedTargets(): Hostile[] {
    const people = { lee: LEE, nurse: nurse.userId, bot: BOT, ghost: chat.ghost };
    return hostileTargets(people).map(([what, words, says]) => ({
      what,
      says,
      send: () => type(`!care lock ${words}`),
    }));
  }

  function otherWays(): Hostile[] {
    return [
      { what: 'a nurse', send: () => type(LOCK, nurse), says: NOT_PERMITTED },
      { what: 'a nurse, with a ticket', send: () => type(`${LOCK} --ticket INC-1`, nurse), says: NOT_PERMITTED },
      {
        what: 'an administrator as the target’s own',
        send: () => type(`!care offboard ${admin.userId}`),
        says: /^Refused: You cannot do this to your own account/,
      },
      {
        what: 'a device with something unseen in its name',
        send: () => type(`!care lost-device ${LEE} REALDEVICE\u200b`),
        says: NOT_A_DEVICE,
      },
      {
        what: 'a user for a device',
        send: () => type(`!care lost-device ${LEE} ${nurse.userId}`),
        says: NOT_A_DEVICE,
      },
      { what: 'nobody at all', send: () => type('!care lock'), says: /^Nothing was done: say whose account/ },
      {
        what: 'a name that nobody has',
        send: () => type('!care lock "Nobody Such" lost'),
        says: /^Nobody with that name was found/,
      },
      { what: 'an empty name', send: () => type('!care lock "" lost'), says: /^There is no name between the quotes/ },
      {
        what: 'a reply to a message of the bot',
        send: () => admin.reply(commandRoom.roomId, question.eventId, '!care lock'),
        says: /belongs to the bridge itself/,
      },
      { what: 'a command of another name', send: () => type(`!care lokc ${LEE}`), says: /^There is no such command\./ },
      { what: 'a prefix after a space without width', send: () => type(`\u200b${LOCK}`), says: LOOKS_LIKE_ONE },
      { what: 'a full-width prefix', send: () => type(LOCK.replace('!', '！')), says: LOOKS_LIKE_ONE },
      {
        what: 'a second command on a second line',
        send: () => type(`!care who\n${LOCK}`),
        says: /^(Nothing was done|Use this in a patient’s room)/,
      },
      { what: 'a command below other words', send: () => type(`Please do it.\n${LOCK}`), says: undefined },
      {
        what: 'a reason of twenty thousand letters',
        send: () => type(`!care lock ${LEE} ${'x'.repeat(20_000)}`),
        says: /^That is too long/,
      },
      {
        what: 'an option given twice',
        send: () => type(`${LOCK} --end-sessions --end-sessions`),
        says: /^--end-sessions is there twice/,
      },
      {
        what: 'an option with a value that it does not take',
        send: () => type(`${LOCK} --end-sessions=no`),
        says: /^--end-sessions takes no value/,
      },
      {
        what: 'a ticket with something in it',
        send: () => type(`${LOCK} --ticket ';DROP`),
        says: /^Nothing was done: --ticket needs the number/,
      },
      {
        what: 'a mention of another than the one shown',
        send: () =>
          html('!care lock Dr. Lee phone lost', `!care lock ${link('@other:hospital.test', 'Dr. Moe')} phone lost`),
        says: NOT_A_USER,
      },
      {
        what: 'a mention of a room as if it was a person',
        send: () =>
          html('!care lock Dr. Lee phone lost', `!care lock ${link('!room:hospital.test', 'Dr. Lee')} phone lost`),
        says: NOT_A_USER,
      },
      {
        what: 'a command that stands in the formatted words alone',
        send: () => html('Good morning', LOCK),
        says: undefined,
      },
      {
        what: 'a command in what a reply quotes',
        send: () =>
          content(`> <${admin.userId}> ${LOCK}\n\nThank you`, {
            'm.relates_to': { 'm.in_reply_to': { event_id: question.eventId } },
          }),
        says: undefined,
      },
      { what: 'a command as a notice', send: () => content(LOCK, { msgtype: 'm.notice' }), says: undefined },
      {
        what: 'a harmless message that is edited into a command',
        send: () => editOf('Good morning', LOCK),
        says: FROM_AN_EDIT,
      },
      {
        what: 'a command that is edited after its question',
        send: () => admin.edit(commandRoom.roomId, commandOf(question), LOCK),
        says: FROM_AN_EDIT,
      },
      { what: 'a command in the clear', send: () => inTheClear(LOCK), says: /^Refused: this room is not encrypted\./ },
      {
        what: 'a command in a patient’s room',
        send: () => type(LOCK, admin, chat.room),
        says: /^Refused: use this in the command room\./,
      },
      { what: 'a command of the patient’s side', send: () => asOurs(chat.ghost, chat.room), says: undefined },
      { what: 'a command of the bot itself', send: () => asOurs(BOT, commandRoom.roomId), says: undefined },
      {
        what: 'a bystander’s sign under the question',
        send: () => nurse.react(commandRoom.roomId, question.eventId, '✅'),
        says: undefined,
      },
      {
        what: 'a bystander’s code',
        send: () => type(`!care confirm ${code}`, nurse),
        says: /^Refused: you may not decide this\./,
      },
      { what: 'a code that was guessed', send: () => type('!care confirm aaaaaaaa'), says: NOTHING_TO_CONFIRM },
      {
        what: 'the code in another room',
        send: () => type(`!care confirm ${code}`, admin, chat.room),
        says: /^Confirm it in the room where it was asked\./,
      },
      {
        what: 'a sign under the command in place of the question',
        send: () => admin.react(commandRoom.roomId, commandOf(question), '✅'),
        says: undefined,
      },
    ];
  }

  async function editOf(first: string, then: string): Promise<string> {
    return await admin.edit(commandRoom.roomId, await type(first), then);
  }

  /** Past the client's encryption. */
  async function inTheClear(body: string): Promise<string> {
    const path = roomPath(commandRoom.roomId, `/send/m.room.message/clear-${Date.now()}`);
    const answer = await fetch(`${clinic.synapse.url}${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${admin.client.getAccessToken()}` },
      body: JSON.stringify({ msgtype: 'm.text', body }),
    });
    return ((await answer.json()) as { event_id: string }).event_id;
  }

  /** With the bridge's own token: what whoever has that could send. */
  async function asOurs(user: string, room: string): Promise<string> {
    const path = roomPath(room, `/send/m.room.message/ours-${Date.now()}`);
    return String((await callAs(clinic, user, 'PUT', path, { msgtype: 'm.text', body: LOCK }))['event_id']);
  }

  const inRoom = (what: string) => (/patient’s|another room/.test(what) ? chat.room : commandRoom.roomId);
  const repliesTo = (event: string, room: string) =>
    admin.events.messages(room).filter((reply) => reply.sender === BOT && commandOf(reply) === event);
  const auditOf = (event: string) =>
    query(clinic, `SELECT action || ' ' || outcome FROM audit_log WHERE source_event = '${event}' ORDER BY seq`);

  it('D5, F2: every one is answered with why it is refused, and on record', async () => {
    expect(cases.length).to.be.greaterThanOrEqual(60);
    expect(sent.size).to.equal(cases.length);
    for (const { what, says } of cases.filter((one) => one.says !== undefined)) {
      const event = sent.get(what)!;
      const answer = bodyOf(await commandRoom.answerTo(event, {}, admin, inRoom(what)));
      expect(answer, what).to.match(says!).and.not.include('✅');
      const entries = await auditOf(event);
      expect(entries, what).not.to.deep.equal([]);
      for (const entry of entries) expect(entry, what).to.match(/^command\.\S+ refused$/);
    }
  });

  it('D6, A1: what is no command of a person is not heard', async () => {
    await commandRoom.hears('help');
    for (const { what } of cases.filter(({ says }) => says === undefined)) {
      const event = sent.get(what)!;
      expect(repliesTo(event, inRoom(what)).map(bodyOf), what).to.deep.equal([]);
      const isDecision = what.startsWith('a bystander');
      expect(await auditOf(event), what).to.deep.equal(isDecision ? ['command.lock refused'] : []);
    }
  });

  it('D6: a command that was removed before the yes is dropped', async () => {
    const prompt = await commandRoom.says(LOCK);
    await admin.redact(commandRoom.roomId, commandOf(prompt));
    const dropped = await commandRoom.answerTo(commandOf(prompt), { after: prompt.eventId });
    expect(bodyOf(dropped)).to.include('The command was removed, so it is dropped');
    await admin.react(commandRoom.roomId, prompt.eventId, '✅');
    const [, removed = ''] = /confirm ([a-z2-7]{8})/.exec(bodyOf(prompt)) ?? [];
    expect(await commandRoom.hears(`confirm ${removed}`)).to.match(NOTHING_TO_CONFIRM);
  });

  it('D6: a ✅ of another administrator, from whatever session, is no yes; typed on a verified device it is', async () => {
    const asked = await commandRoom.says('!care lock @other:hospital.test phone lost');
    await second.react(commandRoom.roomId, asked.eventId, '✅');
    const refused = await commandRoom.answerTo(commandOf(asked), { after: asked.eventId });
    expect(bodyOf(refused)).to.include('is typed, on a verified device, with the code in the question');
    expect(await query(clinic, 'SELECT user_id FROM account_states')).to.deep.equal([]);
    const [, typed = ''] = /confirm ([a-z2-7]{8})/.exec(bodyOf(asked)) ?? [];
    await second.send(commandRoom.roomId, `!care confirm ${typed}`);
    const done = await commandRoom.answerTo(commandOf(asked), { after: refused.eventId });
    expect(bodyOf(done)).to.include('@other:hospital.test is locked');
    await commandRoom.hears('unlock @other:hospital.test');
  });

  it('D6: a yes is not to be replayed: not by the sign, not by the code, not by somebody else', async () => {
    const done = await commandRoom.decide(question, '✅');
    expect(bodyOf(done)).to.include('@other:hospital.test is locked');
    await commandRoom.hears('unlock @other:hospital.test');
    await second.react(commandRoom.roomId, question.eventId, '✅');
    expect(await commandRoom.hears(`confirm ${code}`)).to.match(NOTHING_TO_CONFIRM);
    expect(await commandRoom.hears(`confirm ${code}`, second)).to.match(NOTHING_TO_CONFIRM);
    expect(await query(clinic, 'SELECT user_id FROM account_states')).to.deep.equal([]);
  });

  it('D5: nothing was done to anybody', async () => {
    await waitFor('the account to answer', async () => {
      const headers = { authorization: `Bearer ${lee}` };
      return (await fetch(`${clinic.synapse.url}/_matrix/client/v3/account/whoami`, { headers })).status === 200;
    });
    const done = await query(clinic, "SELECT DISTINCT target FROM audit_log WHERE action LIKE 'account.%'");
    expect(done).to.deep.equal(['@other:hospital.test']);
  });
});

/** The event that an event answers. */
function commandOf({ content }: ReceivedEvent): string {
  return (
    (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id ??
    ''
  );
}
