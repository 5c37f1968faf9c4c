import { expect } from 'chai';
import { readRoleCsv } from '../../../src/services/role-csv.ts';
import { roleId, user } from '../../support/roles-fixture.ts';

const roles = new Set([roleId('nurse'), roleId('auditor')]);

function read(text: string) {
  return readRoleCsv(text, roles, (id) => (id.endsWith(':hospital.test') ? undefined : 'not ours'));
}

const lee = { userId: user('lee'), roleId: roleId('nurse') };
const kim = { userId: user('kim'), roleId: roleId('auditor') };

describe('readRoleCsv', () => {
  const good: readonly (readonly [what: string, text: string])[] = [
    ['commas', 'user,role\n@lee:hospital.test,nurse\n@kim:hospital.test,auditor\n'],
    [
      'semicolons, CRLF and a byte order mark, as spreadsheets write',
      '\uFEFFUser;Role\r\n@lee:hospital.test;nurse\r\n@kim:hospital.test;auditor\r\n',
    ],
    ['tabs, no newline at the end', 'user\trole\n@lee:hospital.test\tnurse\n@kim:hospital.test\tauditor'],
    [
      'other columns, other order, quotes',
      'name,role,user\n"Lee, ""L""",nurse,@lee:hospital.test\nKim,auditor,"@kim:hospital.test"\n',
    ],
    [
      'empty lines, spaces and repeated rows',
      'user,role\n\n @lee:hospital.test , nurse \n,\n@lee:hospital.test,nurse\n@kim:hospital.test,auditor\n',
    ],
  ];
  for (const [what, text] of good) {
    it(`A4 reads ${what}`, () => expect(read(text)).to.deep.equal({ rows: [lee, kim] }));
  }

  it('A4 takes a list without rows for an empty one', () => {
    expect(read('user,role\n')).to.deep.equal({ rows: [] });
  });

  it('A4 names all problems at once, with their lines', () => {
    const text =
      'user,role\n@lee:hospital.test,nurs\nlee,nurse\n@lee:hospital.test,nurse\n"@Lee:hospital.test","a\nb"\n@lee:elsewhere.test,nurse\n';
    expect(read(text)).to.deep.equal({
      problems: [
        { line: 2, problem: 'there is no such role; use nurse, auditor' },
        { line: 3, problem: 'the user is not a full user id, such as @lee:hospital.example' },
        { line: 6, problem: 'the user is not a full user id, such as @lee:hospital.example' },
        { line: 6, problem: 'there is no such role; use nurse, auditor' },
        { line: 7, problem: 'not ours' },
      ],
    });
  });

  const bad: readonly (readonly [what: string, text: string, line: number, problem: RegExp])[] = [
    ['an empty file', '', 1, /user,role/],
    ['no header', '@lee:hospital.test,nurse\n', 1, /user,role/],
    ['a missing column', 'user,roles\n@lee:hospital.test,nurse\n', 1, /user,role/],
    ['an open quotation mark', 'user,role\n"@lee:hospital.test,nurse\n', 2, /quotation mark/],
    ['a short row', 'user,role\n@lee:hospital.test\n', 2, /no such role/],
    ['a look-alike', 'user,role\n@lеe:hospital.test,nurse\n', 2, /not a full user id/],
    ['a formula', 'user,role\n=cmd,nurse\n', 2, /not a full user id/],
    ['a list that is too long', `user,role\n${'x'.repeat(5_000_001)}`, 1, /too long/],
  ];
  for (const [what, text, line, problem] of bad) {
    it(`A4 refuses ${what}`, () => {
      const list = read(text);
      if ('rows' in list) throw new Error('it was taken');
      expect(list.problems).to.have.length(1);
      expect(list.problems[0]).to.have.property('line', line);
      expect(list.problems[0]?.problem).to.match(problem);
    });
  }
});
