import { expect } from 'chai';
import { saidIn, type SaidInEvent } from '../../../src/policy/said-in.ts';

const REPLY = { 'm.in_reply_to': { event_id: '$before' } };
const CHANGE = { rel_type: 'm.replace', event_id: '$before' };
const FILE = { url: 'mxc://hospital.test/a', hashes: { sha256: 'abc' } };
const none = { relatesTo: undefined };

/** Type and content of a decrypted event, and what it says. */
const CASES: readonly (readonly [string, string, Record<string, unknown>, SaidInEvent | undefined])[] = [
  ['a text', 'm.room.message', { msgtype: 'm.text', body: 'a' }, { kind: 'message', ...none, content: { body: 'a' } }],
  [
    'an answer',
    'm.room.message',
    { msgtype: 'm.text', body: 'a', 'm.relates_to': REPLY },
    { kind: 'message', relatesTo: '$before' as never, content: { body: 'a' } },
  ],
  [
    'an edit',
    'm.room.message',
    { msgtype: 'm.text', body: '* b', 'm.new_content': { body: 'b' }, 'm.relates_to': CHANGE },
    { kind: 'edit', relatesTo: '$before' as never, content: { body: 'b' } },
  ],
  [
    'an edit without its words',
    'm.room.message',
    { msgtype: 'm.text', body: '* b', 'm.relates_to': CHANGE },
    { kind: 'edit', relatesTo: '$before' as never, content: { body: '* b' } },
  ],
  [
    'a picture',
    'm.room.message',
    { msgtype: 'm.image', body: 'words', filename: 'a.png', file: FILE },
    {
      kind: 'file',
      ...none,
      content: { body: 'words', file: { name: 'a.png', mxc: 'mxc://hospital.test/a', sha256: 'abc' } },
    },
  ],
  ['a sticker', 'm.sticker', { body: 'smile' }, { kind: 'message', ...none, content: { body: 'smile' } }],
  [
    'nonsense',
    'm.room.message',
    { body: 7, 'm.relates_to': null },
    { kind: 'message', ...none, content: { body: '' } },
  ],
  ['a key verification', 'm.room.message', { msgtype: 'm.key.verification.request', body: 'x' }, undefined],
  ['a reaction', 'm.reaction', {}, undefined],
  ['a call', 'm.call.invite', {}, undefined],
];

describe('what an event says, for the archive (G2)', () => {
  for (const [what, type, content, said] of CASES) {
    it(what, () => {
      expect(saidIn(type, content)).to.deep.equal(said);
    });
  }
});
