import { expect } from 'chai';
import { DEVICE_LABEL, labelOf } from '../../../src/model/device-label.ts';

/** What somebody who chooses an id by which to go unseen might choose. */
const HOSTILE = [
  ...['', ' ', '-', '--dry-run', '—dry-run', '@lee:hospital.test', '!room', '#alias', '"', '\\', '\\u{200b}', '\u0000'],
  ...['PHONE', 'PHONE\u200b', '\u200bPHONE', 'PHONE ', 'PHONE\n', 'PHONE\u202e', 'РHONE', 'PHONE\\u{200b}', 'Phone'],
  ...['a b', 'a\u00a0b', '[a](https://matrix.to/#/@lee:hospital.test)', '<b>a</b>', '*a*', '\ud83d\ude00', '\ud83d'],
  ...['x'.repeat(64), 'x'.repeat(65), 'x'.repeat(66), 'é'.repeat(300), 'é'.repeat(301), labelOf('x'.repeat(65))],
];

describe('the label of a device (D5)', () => {
  it('D5: is the id itself where that is as clients make them', () => {
    for (const id of ['KCZWNYQRNX', 'k-1_2.3~4', 'f2f1c1a4-3a55-4d8e-9a6e-0f3a0e1c7b11', 'x'.repeat(64)])
      expect(labelOf(id)).to.equal(id);
  });

  it('D5: is one short plain word, which is no user, room or option', () => {
    for (const id of HOSTILE) expect(labelOf(id), JSON.stringify(id)).to.match(DEVICE_LABEL);
    expect(labelOf('PHONE\u200b')).to.equal('PHONE\\u{200b}');
    expect(labelOf('--dry-run')).to.equal('\\u{2d}-dry-run');
  });

  it('D5: differs where the ids do', () => {
    expect(new Set(HOSTILE.map(labelOf)).size).to.equal(new Set(HOSTILE).size);
  });

  it('D5: nothing else is taken for one', () => {
    for (const word of ['@lee:hospital.test', '--dry-run', 'PHONE\u200b', 'a b', '', 'x'.repeat(65), 'РHONE'])
      expect(word).not.to.match(DEVICE_LABEL);
  });
});
