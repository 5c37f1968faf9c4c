/**
 * Runs the stages of `npm test` and adds up what they say. Ends with one line, `N passed, N failed, N skipped`.
 *
 *     npm test                                    everything
 *     npm test -- unit integration                only these stages
 *     npm test -- e2e-sqlite --grep 'second device'   the rest goes to mocha
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup-step.mjs';

const bin = (...path) => join(root, 'node_modules', ...path);
// As in run.mjs.
const quiet = ['--disable-warning=DEP0060'];
const scratch = mkdtempSync(join(tmpdir(), 'carebridge-test-'));

const stages = {
  types: { title: 'Types', args: [bin('typescript', 'bin', 'tsc'), '--project', '.'] },
  lint: { title: 'Lint', args: [bin('eslint', 'bin', 'eslint.js'), '.'] },
  format: { title: 'Format', args: [bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  unit: { title: 'Unit tests', mocha: 'test/unit/**/*.test.ts', style: 'dot' },
  integration: { title: 'Integration tests', mocha: 'test/integration/**/*.test.ts', style: 'dot' },
  stories: { title: 'Stories, SQLite', mocha: 'test/stories/**/*.test.ts', style: 'spec' },
  'e2e-sqlite': {
    title: 'End-to-end tests, SQLite',
    mocha: 'test/e2e/**/*.test.ts',
    style: 'spec',
    env: { CAREBRIDGE_TEST_DATABASE: 'sqlite' },
  },
  'e2e-postgres': {
    title: 'End-to-end tests, PostgreSQL',
    mocha: 'test/e2e/**/*.test.ts',
    style: 'spec',
    // The kills have their full number on SQLite, and on either by `npm run soak`.
    env: { CAREBRIDGE_TEST_DATABASE: 'postgres', CAREBRIDGE_KILLS: '10', CAREBRIDGE_KILL_MESSAGES: '100' },
  },
};

/** These run side by side, those of a lane one after another: they wait for other programs more than they compute. */
const LANES = [
  ['integration', 'e2e-sqlite'],
  ['stories', 'e2e-postgres'],
];
const HEARTBEAT_MS = 60_000;

async function main() {
  const args = process.argv.slice(2);
  const named = args.filter((arg) => arg in stages);
  const rest = args.filter((arg) => !(arg in stages));
  const names = named.length > 0 ? named : Object.keys(stages);

  const lanes = LANES.map((lane) => lane.filter((name) => names.includes(name))).filter((lane) => lane.length > 0);
  const results = new Map();
  const runAll = async (lane, isAlone) => {
    for (const name of lane) {
      if (!isStopped) results.set(name, await runStage(stages[name], rest, join(scratch, `${name}.json`), isAlone));
    }
  };
  const first = names.filter((name) => !LANES.flat().includes(name));
  await runAll(first, true);
  await Promise.all(lanes.map((lane) => runAll(lane, lanes.length === 1)));
  report([...results.values()]);
  return [...results.values()].some(({ failed }) => failed > 0) ? 1 : 0;
}

/** What runs beside another is printed when it has ended, and meanwhile is said to be at work. */
async function runStage({ title, args, mocha, style, env: settings }, rest, summary, isAlone) {
  console.log(isAlone ? `\n=== ${title} ===` : `... ${title}: started`);
  const started = Date.now();
  const env = { ...process.env, CAREBRIDGE_TEST_SUMMARY: summary, CAREBRIDGE_TEST_STYLE: style ?? '', ...settings };
  if (!isAlone) env.CAREBRIDGE_TEST_SIDE_BY_SIDE = '1';
  const reporter = join(root, 'scripts', 'reporter.cjs');
  const command = args ?? [...quiet, bin('mocha', 'bin', 'mocha.js'), '--reporter', reporter, ...rest, mocha];
  const minutes = () => ((Date.now() - started) / 60_000).toFixed(0);
  const beating = isAlone ? undefined : setInterval(() => console.log(`... ${title}: ${minutes()} min`), HEARTBEAT_MS);
  const { code, output } = await run(command, env, isAlone);
  clearInterval(beating);
  if (!isAlone) console.log(`\n=== ${title} ===\n${output}`);
  const counts = mocha === undefined ? tool(code) : tests(summary, code);
  const seconds = (Date.now() - started) / 1000;
  console.log(`--- ${title}: ${counts.failed > 0 ? 'FAILED' : 'ok'} in ${seconds.toFixed(1)} s`);
  return { title, seconds, ...counts };
}

/** A compiler or linter counts as one test. */
function tool(code) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, failures: [], skipped: [] };
}

/** What the reporter wrote. A mocha that ended otherwise than its tests say has failed once more. */
function tests(path, code) {
  let summary = { passed: 0, failed: 0, failures: [], skipped: [] };
  try {
    summary = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    console.log('mocha ended before it had a result.');
  }
  if (code !== 0 && summary.failed === 0) summary.failed = 1;
  return summary;
}

/** Says last what a reader who has only the end of the output needs. */
function report(results) {
  list('Skipped', results, ({ skipped }) => skipped);
  list('Failed', results, ({ failures }) => failures);
  console.log('\n=== Summary ===');
  for (const { title, seconds, passed, failed } of results) {
    console.log(
      `${failed > 0 ? 'FAILED' : 'ok    '} ${title.padEnd(30)} ${seconds.toFixed(1).padStart(7)} s ${String(passed).padStart(6)} passed ${failed} failed`,
    );
  }
  const sum = (count) => results.reduce((total, result) => total + count(result), 0);
  const total = [sum(({ passed }) => passed), sum(({ failed }) => failed), sum(({ skipped }) => skipped.length)];
  console.log(`\n${total[0]} passed, ${total[1]} failed, ${total[2]} skipped`);
}

function list(heading, results, testsOf) {
  const lines = results.flatMap((result) => testsOf(result).map((test) => `  ${result.title}: ${test}`));
  if (lines.length > 0) console.log(`\n${heading}:\n${lines.join('\n')}`);
}

function run(args, env, isAlone) {
  return new Promise((resolve) => {
    const stdio = isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'];
    const child = spawn(process.execPath, args, { cwd: root, stdio, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    }
    running.add(child);
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

const running = new Set();
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    isStopped = true;
    // Ctrl+C in a terminal reaches the stages without our help.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    for (const child of running) child.kill(signal);
  });
}

try {
  process.exitCode = await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
