import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
const PLANTED = 'Zelda <+12125550123> is positive\n    at +12125550123 (file.ts:1:1)';

/** Runs `carebridge --version`, at whose end `code` is run. */
function run(code: string): { status: number | null; output: string } {
  const preload = `data:text/javascript,${encodeURIComponent(`process.once('beforeExit', () => { ${code} })`)}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, MAIN, '--version'], {
    encoding: 'utf8',
    env: { ...process.env, PLANTED },
  });
  return { status, output: stdout + stderr };
}

describe('what nobody catches', function () {
  this.timeout(20_000);

  for (const [what, code] of [
    [
      'an error',
      'const words = process.env.PLANTED; throw Object.assign(new TypeError(words), { code: words, text: words })',
    ],
    ['a rejection', 'Promise.reject(new TypeError(process.env.PLANTED))'],
    ['something that is no error', 'throw process.env.PLANTED'],
    ['nothing', 'throw undefined'],
  ] as const) {
    it(`ends the program with 1 and says no word of it (E4): ${what}`, () => {
      const { status, output } = run(code);
      expect(status).to.equal(1);
      expect(output).to.include('This is a fault of Carebridge itself');
      expect(output).not.to.match(/Zelda|2125550123|positive/);
      if (what === 'an error') expect(output).to.match(/\(TypeError\)[^]*\n\s+at /);
    });
  }
});
