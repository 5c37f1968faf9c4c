/** Hooks around every test, loaded by .mocharc.json. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Context, RootHookObject, Suite } from 'mocha';
import { runAtEnd } from './at-end.ts';
import { keepAfterFailure, removeTempDirs, setCurrentTest } from './temp-dir.ts';

const EXIT_WITHIN_MS = 15_000;
const startedDuring = new Map<number, string>();

// Ends the run in the ordinary way, in which our children are ended too (mocha does the same for SIGINT).
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export const mochaHooks: RootHookObject = {
  beforeAll(this: Context) {
    const twice = duplicates(titles(rootOf(this)));
    if (twice.length > 0) throw new Error(`Two tests have the same name:\n  ${twice.join('\n  ')}`);
  },

  beforeEach(this: Context) {
    setCurrentTest(this.currentTest?.fullTitle());
  },

  afterEach(this: Context) {
    const test = this.currentTest;
    setCurrentTest(undefined);
    if (test?.state === 'failed') keepAfterFailure(test.fullTitle());
    for (const pid of childProcesses()) {
      if (!startedDuring.has(pid)) startedDuring.set(pid, test?.fullTitle() ?? '?');
    }
  },

  async afterAll(this: Context) {
    this.timeout(60_000);
    await runAtEnd();
    await removeTempDirs();
    // Does not keep the process alive; it fires only where something else does.
    setTimeout(() => {
      process.stderr.write(`Something was left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
      process.exit(1);
    }, EXIT_WITHIN_MS).unref();

    const leaks = childProcesses().map((pid) => {
      process.kill(pid, 'SIGKILL');
      return `${commandOf(pid)} (there after: ${startedDuring.get(pid) ?? 'the last test'})`;
    });
    if (leaks.length > 0) throw new Error(`Tests left child processes behind:\n  ${leaks.join('\n  ')}`);
  },
};

function rootOf(context: Context): Suite | undefined {
  let suite = context.test?.parent;
  while (suite?.parent) suite = suite.parent;
  return suite;
}

function titles(suite: Suite | undefined): string[] {
  if (suite === undefined) return [];
  return [...suite.tests.map((test) => test.fullTitle()), ...suite.suites.flatMap(titles)];
}

function duplicates(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

/** Our children, as the system sees them; only Linux tells. */
function childProcesses(): number[] {
  try {
    return readdirSync(`/proc/${process.pid}/task`)
      .flatMap((thread) => readFileSync(`/proc/${process.pid}/task/${thread}/children`, 'utf8').split(' '))
      .map(Number)
      .filter((pid) => pid > 0 && !isGone(pid));
  } catch {
    return [];
  }
}

// A child that has ended but was not yet asked about is no leak.
function isGone(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return `process ${pid}`;
  }
}
