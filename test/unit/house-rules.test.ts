/** Rules of the house that no compiler knows. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import { read, repositoryFiles, ROOT, sourceFiles } from '../support/source-files.ts';

const MAX_LINES = 400;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.(ts|mjs|cjs)$/;
const BINARY = /\.(png|jpg|gif|pdf|wav|ico)$/;

/** Folders whose index lists what there is: an entry is a file that exports something with this name or type. */
const LISTS = [
  { list: 'src/commands/index.ts', entry: /export function \w+Command\([\s\S]*?\): Command \{/ },
  { list: 'src/sms/index.ts', entry: /implements (Sms|Mms)Carrier/ },
  { list: 'src/storage/migrations/index.ts', entry: /export const \w+: Migration = / },
];

// Put together here, so that this file does not break its own rule.
const FORBIDDEN = [
  {
    what: 'a path of one machine',
    pattern: new RegExp(`(?<![\\w.])/(${['work', 'root', 'home/\\w+', 'tmp'].join('|')})/`),
  },
  {
    what: 'unfinished work',
    pattern: new RegExp(`\\b(${['TO', 'FIX'].map((word, i) => word + ['DO', 'ME'][i]).join('|')})\\b`),
  },
];

const code = ['src', 'test', 'bench'].flatMap(sourceFiles);

describe('house rules', () => {
  it(`keeps every source file under ${MAX_LINES} lines`, () => {
    const long = sourceFiles('src')
      .filter(({ text }) => text.split('\n').length > MAX_LINES)
      .map(({ path }) => path);
    expect(long).to.deep.equal([]);
  });

  it('names files in kebab-case', () => {
    const scripts = repositoryFiles().filter((path) => path.startsWith('scripts/') && /\.[cm]js$/.test(path));
    const wrong = [...code.map(({ path }) => path), ...scripts].filter((path) => !KEBAB_CASE.test(basename(path)));
    expect(wrong).to.deep.equal([]);
  });

  it('keeps the unit tests of a file in the folder of that file', () => {
    const folders = new Set(sourceFiles('src').map(({ path }) => dirname(path).replace(/^src\/?/, '')));
    const tests = sourceFiles('test/unit').map(({ path }) => dirname(path).replace(/^test\/unit\/?/, ''));
    // Or of a folder beside src, e.g. docker.
    const wrong = tests.filter((folder) => !folders.has(folder) && !existsSync(join(ROOT, folder)));
    expect(wrong).to.deep.equal([]);
  });

  for (const { list, entry } of LISTS) {
    it(`lists every entry of its folder in ${list}`, () => {
      const all = sourceFiles(dirname(list));
      const listed = new Set(all.find(({ path }) => path === list)?.imports);
      const entries = all.filter(({ path, text }) => path !== list && entry.test(text)).map(({ path }) => path);
      expect(entries, 'the pattern of this test finds no entry').not.to.deep.equal([]);
      expect(entries.filter((path) => !listed.has(path))).to.deep.equal([]);
    });
  }

  for (const { what, pattern } of FORBIDDEN) {
    it(`holds nowhere ${what}`, () => {
      const found = repositoryFiles()
        .filter((path) => existsSync(join(ROOT, path)) && !BINARY.test(path) && path !== 'package-lock.json')
        .flatMap((path) =>
          read(path)
            .split('\n')
            .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
        );
      expect(found).to.deep.equal([]);
    });
  }

  it('names only package scripts that exist in the documents', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = repositoryFiles()
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) => [...read(path).matchAll(/npm run ([a-z:-]+)/g)].map((match) => `${path}: ${match[1]}`));
    expect(named.filter((entry) => !((entry.split(': ')[1] ?? '') in scripts))).to.deep.equal([]);
  });
});
