/**
 * `npm run soak`: the test that kills the bridge at random moments, with many more kills and messages than in `npm test`.
 *
 *     npm run soak                 10 times as much
 *     npm run soak -- 50           50 times as much
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const times = Number(process.argv[2] ?? 10);
if (!(times > 0)) throw new Error('npm run soak takes a number: how many times as much as in the test.');

const mocha = resolve(root, 'node_modules/mocha/bin/mocha.js');
const env = { ...process.env, CAREBRIDGE_SOAK: String(times) };
const run = spawnSync(process.execPath, [mocha, 'test/e2e/kill.test.ts'], { cwd: root, env, stdio: 'inherit' });
process.exitCode = run.status ?? 1;
