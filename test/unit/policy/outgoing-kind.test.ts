import { expect } from 'chai';
import { outgoingKind } from '../../../src/policy/outgoing-kind.ts';

const text = (body: unknown, more: object = {}) => ({ msgtype: 'm.text', body, ...more });
const reply = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$a' } } };
const thread = {
  'm.relates_to': { rel_type: 'm.thread', event_id: '$a', is_falling_back: true, 'm.in_reply_to': { event_id: '$b' } },
};
const voice = { msgtype: 'm.audio', body: 'Voice message', 'org.matrix.msc3245.voice': {} };
const edit = { 'm.relates_to': { rel_type: 'm.replace', event_id: '$a' } };

const CASES: readonly (readonly [string, string, Record<string, unknown>, object])[] = [
  ['a text', 'm.room.message', text('hello'), { kind: 'text', text: 'hello' }],
  ['an emote', 'm.room.message', { msgtype: 'm.emote', body: 'waves' }, { kind: 'text', text: 'waves' }],
  [
    'a reply with the old quotation',
    'm.room.message',
    text('> <@p:h> secret\n\nanswer', reply),
    { kind: 'text', text: 'answer' },
  ],
  ['a reply without a quotation', 'm.room.message', text('answer', reply), { kind: 'text', text: 'answer' }],
  [
    'a quotation that is no reply',
    'm.room.message',
    text('> 5 pills\n\nok'),
    { kind: 'text', text: '> 5 pills\n\nok' },
  ],
  [
    'a reply that quotes in its own words',
    'm.room.message',
    text('> 5 pills\n\nok', reply),
    { kind: 'text', text: '> 5 pills\n\nok' },
  ],
  [
    'a reply with the old quotation of an emote',
    'm.room.message',
    text('> * <@p:h> secret\n> more\n\nanswer', reply),
    { kind: 'text', text: 'answer' },
  ],
  ['a reply in a thread', 'm.room.message', text('answer', thread), { kind: 'text', text: 'answer' }],
  [
    'formatted words',
    'm.room.message',
    text('take **two**', { format: 'org.matrix.custom.html', formatted_body: 'take <b>two</b>' }),
    { kind: 'text', text: 'take **two**' },
  ],
  ['words from right to left', 'm.room.message', text('\u202bשלום'), { kind: 'text', text: '\u202bשלום' }],
  ['an emoji alone', 'm.room.message', text('👩🏽‍⚕️'), { kind: 'text', text: '👩🏽‍⚕️' }],
  ['an accent in two characters', 'm.room.message', text('cafe\u0301'), { kind: 'text', text: 'cafe\u0301' }],
  ['half of a character', 'm.room.message', text('ok \ud83d'), { kind: 'text', text: 'ok \ufffd' }],
  ['a voice message', 'm.room.message', voice, { kind: 'file', text: '' }],
  ['a film', 'm.room.message', { msgtype: 'm.video', body: 'x.mp4' }, { kind: 'file', text: '' }],
  ['an answer to a poll', 'org.matrix.msc3381.poll.response', {}, { kind: 'ignored' }],
  ['signalling of a call', 'm.call.candidates', {}, { kind: 'ignored' }],
  ['a command', 'm.room.message', text('!care help'), { kind: 'command', text: '!care help' }],
  [
    'a command in capitals after spaces',
    'm.room.message',
    text('  !CARE help'),
    { kind: 'command', text: '!CARE help' },
  ],
  ['an unknown command', 'm.room.message', text('!care frobnicate'), { kind: 'command', text: '!care frobnicate' }],
  ['a mistyped prefix', 'm.room.message', text('!caer text'), { kind: 'command', text: '!caer text' }],
  ['an exclamation', 'm.room.message', text('! that hurts'), { kind: 'text', text: '! that hurts' }],
  ['a picture', 'm.room.message', { msgtype: 'm.image', body: 'x.jpg' }, { kind: 'file', text: '' }],
  [
    'a command as the caption of a file',
    'm.room.message',
    { msgtype: 'm.file', body: '!care role import', filename: 'roles.csv' },
    { kind: 'command', text: '!care role import' },
  ],
  [
    'a file that is called like a command',
    'm.room.message',
    { msgtype: 'm.file', body: '!care.csv' },
    { kind: 'file', text: '' },
  ],
  [
    'a picture with words',
    'm.room.message',
    { msgtype: 'm.image', body: 'your arm', filename: 'x.jpg' },
    { kind: 'file', text: 'your arm' },
  ],
  ['a notice of another bot', 'm.room.message', { msgtype: 'm.notice', body: 'x' }, { kind: 'ignored' }],
  ['key verification', 'm.key.verification.request', {}, { kind: 'ignored' }],
  ['a message without a type', 'm.room.message', { body: 'x' }, { kind: 'ignored' }],
];

const NOT_SENDABLE: readonly (readonly [string, string, Record<string, unknown>])[] = [
  ['an edit', 'm.room.message', text('* hello', edit)],
  ['a sticker', 'm.sticker', { body: 'x' }],
  ['a poll', 'org.matrix.msc3381.poll.start', {}],
  ['a poll of the newer kind', 'm.poll.start', {}],
  ['a call', 'm.call.invite', {}],
  ['a call of Element Call', 'org.matrix.msc4075.rtc.notification', {}],
  ['a call of Element Call by its newer name', 'm.rtc.notification', {}],
  ['a location', 'm.room.message', { msgtype: 'm.location', body: 'x' }],
  ['an edit in a thread', 'm.room.message', text('* x', { ...edit, 'm.new_content': text('x') })],
  ['an empty text', 'm.room.message', text('  ')],
  ['a text of characters without a width', 'm.room.message', text('\u200b\u2060\ufeff\u0000')],
  ['HTML without words beside it', 'm.room.message', text('', { formatted_body: '<b>hi</b>' })],
  ['a body that is missing', 'm.room.message', { msgtype: 'm.text' }],
  ['a kind of message that nobody knows', 'm.room.message', { msgtype: 'org.example.dance', body: 'x' }],
  ['a body of the wrong type', 'm.room.message', text({ evil: 1 })],
];

describe('outgoing kind', () => {
  for (const [what, type, content, expected] of CASES) {
    it(`takes ${what} as ${JSON.stringify(expected)}`, () => {
      expect(outgoingKind(type, content, '!care')).to.deep.equal(expected);
    });
  }
  for (const [what, type, content] of NOT_SENDABLE) {
    it(`says plainly that ${what} was not sent`, () => {
      expect(outgoingKind(type, content, '!care').kind).to.equal('not-sendable');
    });
  }
});
