import { expect } from 'chai';
import { typedWords } from '../../../src/commands/typed-words.ts';

const a = (target: string, name: string, more = '') => `<a href="https://matrix.to/#/${target}"${more}>${name}</a>`;

describe('mentions in commands', () => {
  const CASES: readonly (readonly [string, string, unknown, string])[] = [
    ['no formatted body', '!care lock @a:b.c x', undefined, '!care lock @a:b.c x'],
    ['a mention', '!care lock Dr. Lee x', `!care lock ${a('@lee:b.c', 'Dr. Lee')} x`, '!care lock @lee:b.c x'],
    ['an encoded mention', 'lock Lee', `lock ${a('%40lee%3Ab.c', 'Lee')}`, 'lock @lee:b.c'],
    ['a mention with a class', 'lock Lee', `lock ${a('@lee:b.c', 'Lee', ' class="pill"')}`, 'lock @lee:b.c'],
    ['a room with servers', 'x #r:b.c', `x ${a('!id:b.c?via=b.c&amp;via=d.e', '#r:b.c')}`, 'x !id:b.c'],
    ['a Markdown link', 'lock [Lee](https://matrix.to/#/@lee:b.c) x', undefined, 'lock @lee:b.c x'],
    ['a link to an event', 'x y', `x ${a('!id:b.c/$event', 'y')}`, 'x !id:b.c'],
    ['entities', 'lock Lee & Co', `lock ${a('@lee:b.c', 'Lee')} &amp; Co`, 'lock @lee:b.c & Co'],
    ['other white space', 'lock  Lee x', `<p>lock ${a('@lee:b.c', 'Lee')} x</p>`, 'lock @lee:b.c x'],
    ['a name with an entity', "lock O'Lee", `lock ${a('@lee:b.c', 'O&#39;Lee')}`, 'lock @lee:b.c'],
    ['other words than the plain ones', 'lock Lee x', `lock ${a('@lee:b.c', 'Lee')} y`, 'lock Lee x'],
    ['another name than the plain one', 'lock Lee', `lock ${a('@lee:b.c', 'Moe')}`, 'lock Lee'],
    ['a formatted command under plain words', 'hello', '!care lock @lee:b.c', 'hello'],
    ['a link to elsewhere', 'lock Lee', 'lock <a href="https://evil.test/#/@lee:b.c">Lee</a>', 'lock Lee'],
    ['a link to nothing', 'lock Lee', `lock ${a('%E0%A4%A', 'Lee')}`, 'lock Lee'],
    ['a formatted body of a wrong type', 'lock Lee', { a: 1 }, 'lock Lee'],
    ['a formatted body without end', 'lock Lee', '<'.repeat(50_000), 'lock Lee'],
  ];
  for (const [what, body, formatted, expected] of CASES) {
    it(`reads ${what}`, () => {
      expect(typedWords(body, formatted)).to.equal(expected);
    });
  }

  it('ends before the time-out with what is made to be slow', () => {
    for (const text of ['<a href="https://matrix.to/#/'.repeat(600), '[x]('.repeat(4_000), '<a '.repeat(6_000)]) {
      typedWords(text, text);
    }
  });
});
