import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { phiKeys } from '../../../src/config/phi-keys.ts';

const key = randomBytes(32);
const other = randomBytes(32);

const cases: [what: string, written: string, count: number][] = [
  ['base64', key.toString('base64'), 1],
  ['base64url', key.toString('base64url'), 1],
  ['two, a line each', `${key.toString('base64')}\n${other.toString('base64')}\n`, 2],
  ['nothing', '', 0],
  ['31 bytes', randomBytes(31).toString('base64'), 0],
  ['33 bytes', randomBytes(33).toString('base64'), 0],
  ['hexadecimal', key.toString('hex'), 0],
  ['a key with a character that is not base64', `!${key.toString('base64').slice(1)}`, 0],
  ['zeros', Buffer.alloc(32).toString('base64'), 0],
  ['a key and rubbish', `${key.toString('base64')} rubbish`, 0],
];

describe('phiKeys', () => {
  for (const [what, written, count] of cases) {
    it(`${count === 0 ? 'refuses' : 'reads'} ${what}`, () => {
      const read = phiKeys.read(written, '/');
      expect('value' in read ? read.value.length : 0).to.equal(count);
      expect(JSON.stringify('value' in read ? [] : read)).not.to.include(written || 'no text');
    });
  }

  it('gives each key its own id', () => {
    const read = phiKeys.read(`${key.toString('base64')} ${other.toString('base64')}`, '/');
    const ids = 'value' in read ? read.value.map(({ id }) => id) : [];
    expect(new Set(ids)).to.have.property('size', 2);
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{8}$/);
  });
});
