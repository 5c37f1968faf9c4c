import { expect } from 'chai';
import { readTransactionBody } from '../../../src/matrix/transaction-body.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';

const EVENT = {
  type: 'm.room.redaction',
  room_id: '!room',
  event_id: '$event',
  sender: '@nurse:hospital.test',
  origin_server_ts: 1,
  content: {},
};

function read(more: object): MatrixEvent | undefined {
  const body = readTransactionBody(Buffer.from(JSON.stringify({ events: [{ ...EVENT, ...more }] })));
  return 'events' in body ? body.events[0] : undefined;
}

describe('an event of a transaction', () => {
  const redactions: readonly (readonly [string, object, string | undefined])[] = [
    ['beside the content', { redacts: '$a' }, '$a'],
    ['in the content, from room version 11 on', { content: { redacts: '$a' } }, '$a'],
    ['in both', { redacts: '$a', content: { redacts: '$b' } }, '$a'],
    ['in the content of another type', { type: 'm.room.message', content: { redacts: '$a' } }, undefined],
    ['that is no event id', { content: { redacts: 5 } }, undefined],
  ];
  for (const [title, more, expected] of redactions) {
    it(`redacts the one that is named ${title}`, () => expect(read(more)?.redacts).to.equal(expected));
  }

  it('says which state it replaced, and nothing else that nobody uses', () => {
    const more = { type: 'm.room.name', state_key: '', unsigned: { replaces_state: '$old', age: 5, prev_content: {} } };
    expect(read(more)?.unsigned).to.deep.equal({ replaces_state: '$old' });
    expect(read({ ...more, unsigned: { replaces_state: 'x' } })).not.to.have.property('unsigned');
  });
});
