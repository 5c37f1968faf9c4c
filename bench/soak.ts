/**
 * `npm run soak`: the test that kills the bridge at random moments, longer than `npm test` does.
 *
 *     npm run soak                   300 kills
 *     npm run soak -- 1000           1,000 kills
 *
 * Ten messages go each way for every kill.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const kills = Number(process.argv[2] ?? 300);
if (!Number.isInteger(kills) || kills < 1) throw new Error('npm run soak takes a whole number: how many kills.');

const mocha = resolve(root, 'node_modules/mocha/bin/mocha.js');
const env = { ...process.env, CAREBRIDGE_KILLS: `${kills}`, CAREBRIDGE_KILL_MESSAGES: `${10 * kills}` };
const args = [mocha, '--reporter', 'spec', 'test/e2e/kill.test.ts'];
process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
