import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { PhiKey } from '../../../src/config/config.ts';
import { ConfigError, PermanentError } from '../../../src/errors.ts';
import { PhiCipher } from '../../../src/storage/phi-cipher.ts';

const key = (id: string): PhiKey => ({ id, key: randomBytes(32) });
const PLACE = { table: 'inbox', column: 'content', rowId: 'row1' };

describe('PHI cipher', () => {
  const one = key('11111111');
  const two = key('22222222');
  const cipher = new PhiCipher([one]);

  for (const text of ['', 'When may I come?', '🤒'.repeat(500), '{"a":"\\u0000"}']) {
    it(`gives back ${JSON.stringify(text.slice(0, 20))}`, () => {
      const value = cipher.encrypt(PLACE, text);
      expect(cipher.decrypt(PLACE, value)).to.equal(text);
      if (text !== '') expect(value).not.to.include(text);
    });
  }

  it('never gives the same value twice', () => {
    expect(cipher.encrypt(PLACE, 'x')).not.to.equal(cipher.encrypt(PLACE, 'x'));
  });

  const value = cipher.encrypt(PLACE, 'When may I come?');
  const changed = (at: number) => {
    const bytes = Buffer.from(value.split('.')[2] ?? '', 'base64url');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return `1.11111111.${bytes.toString('base64url')}`;
  };
  const UNREADABLE: readonly (readonly [string, string, typeof PLACE])[] = [
    ['moved to another row', value, { ...PLACE, rowId: 'row2' }],
    ['moved to another column', value, { ...PLACE, column: 'body' }],
    ['moved to another table', value, { ...PLACE, table: 'outbox' }],
    ['in the place whose names join to the same text', value, { table: 'inbo', column: 'xcontent', rowId: 'row1' }],
    ['with another iv', changed(0), PLACE],
    ['with another tag', changed(12), PLACE],
    ['with other ciphertext', changed(30), PLACE],
    ['cut short', '1.11111111.AAAA', PLACE],
    ['of another format', value.replace(/^1/, '2'), PLACE],
    ['of an unknown key', value.replace('11111111', '99999999'), PLACE],
    ['empty', '', PLACE],
    ['in the clear', 'When may I come?', PLACE],
  ];
  for (const [what, stored, place] of UNREADABLE) {
    it(`refuses a value ${what}, without showing it`, () => {
      expect(() => cipher.decrypt(place, stored)).to.throw(PermanentError, /^A (stored )?value [^?]*\.$/);
    });
  }

  it('encrypts with the first key and decrypts with all', () => {
    const rotated = new PhiCipher([two, one]);
    expect(rotated.decrypt(PLACE, value)).to.equal('When may I come?');
    expect(rotated.encrypt(PLACE, 'x')).to.match(/^1\.22222222\./);
    expect(() => cipher.decrypt(PLACE, rotated.encrypt(PLACE, 'x'))).to.throw(PermanentError);
  });

  it('refuses no key, or a short one', () => {
    expect(() => new PhiCipher([])).to.throw(ConfigError);
    expect(() => new PhiCipher([{ id: '11111111', key: randomBytes(16) }])).to.throw(
      ConfigError,
      /16 bytes instead of 32/,
    );
  });
});
