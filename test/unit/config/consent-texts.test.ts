import { expect } from 'chai';
import { findTextProblems, HELP_ANSWER, NEEDS, STOP_CONFIRMATION, WARNING } from '../../../src/config/consent-texts.ts';

/** What is missing once `part` is taken out of our own warning. */
const needed: [part: string | RegExp, problem: string][] = [
  ['{practice}', 'it does not hold {practice}'],
  ['YES', 'it does not hold YES'],
  [/STOP/g, 'it does not hold STOP'],
  ['HELP', 'it does not hold HELP'],
  ['Msg & data rates may apply', 'it does not hold "Msg & data rates may apply"'],
  ['Msg frequency varies', 'it does not hold how often you text, such as "Msg frequency varies"'],
];

describe('texts to patients (K4, K7, K8, J1)', () => {
  it('our own hold everything they must', () => {
    expect(findTextProblems('warning', WARNING)).to.deep.equal([]);
    expect(findTextProblems('stop_confirmation', STOP_CONFIRMATION)).to.deep.equal([]);
    expect(findTextProblems('help', HELP_ANSWER)).to.deep.equal([]);
  });

  it('our own are plain enough for GSM-7, and fit two segments with a name of 40 characters', () => {
    for (const words of [WARNING, STOP_CONFIRMATION, HELP_ANSWER]) {
      const filled = words.replace('{practice}', 'x'.repeat(40)).replace('{contact}', '+1 212 555 0100');
      expect(filled).to.match(/^[A-Za-z0-9 .,:;?!&@'"()+-]+$/);
      expect(filled.length).to.be.at.most(2 * 153);
    }
  });

  for (const [part, problem] of needed) {
    it(`a warning without ${String(part)} is refused`, () => {
      expect(findTextProblems('warning', WARNING.replace(part, ''))).to.deep.equal([problem]);
    });
  }

  it('a number of texts is a frequency too', () => {
    const words = WARNING.replace('Msg frequency varies', 'Up to 4 msgs per month');
    expect(findTextProblems('warning', words)).to.deep.equal([]);
  });

  it('an answer to HELP names practice, contact and STOP', () => {
    expect(findTextProblems('help', 'Call us.')).to.have.length(NEEDS.help.length);
  });

  it('a {...} of another name is refused', () => {
    expect(findTextProblems('warning', `${WARNING} {patient}`)).to.deep.equal([
      'it holds a {...} other than {practice} and {contact}, which patients would see',
    ]);
  });

  it('a text that is too long is refused', () => {
    expect(findTextProblems('stop_confirmation', `{practice} ${'x'.repeat(1_000)}`)).to.deep.equal([
      'it would be 7 SMS and may be 6',
    ]);
  });
});
