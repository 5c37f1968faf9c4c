import { expect } from 'chai';
import { problemOfReason } from '../../../src/policy/emergency-reason.ts';

const GOOD = [
  'patient collapsed, attending unreachable',
  'code blue on ward 4',
  'covering for Dr Lee tonight',
  'need access: allergic reaction in progress',
  'paciente inconsciente sin acompañante',
];
const BAD = [
  ...[
    '',
    ' ',
    'test',
    'test test test',
    'emergency',
    'urgent access please',
    'asdf asdf asdf',
    'aaa bbb ccc',
    '1 2 3 4',
  ],
  ...[
    'because I need it',
    'break glass now',
    'n/a',
    '... --- ...',
    'a b c d e f',
    'patient',
    'patient patient patient',
  ],
];

describe('the reason for emergency access (B1)', () => {
  for (const reason of GOOD) it(`takes "${reason}"`, () => expect(problemOfReason(reason)).to.equal(undefined));
  for (const reason of BAD) {
    it(`B1: does not take "${reason}"`, () => expect(problemOfReason(reason)).to.include('Say why'));
  }
});
