/** Temporary folders of tests: removed at the end, kept and named where their test failed. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Each folder with the test that made it; undefined where a hook did, whose folder many tests use. */
const made = new Map<string, string | undefined>();
const failed = new Set<string>();
let current: string | undefined;

/** A new, empty folder, in `parent` where that is there. */
export async function tempDir(name = 'test', parent = tmpdir()): Promise<string> {
  const folder = existsSync(parent) ? parent : tmpdir();
  const path = await mkdtemp(join(folder, `carebridge-${name}-`));
  made.set(path, current);
  return path;
}

/** Called by the root hooks around each test. */
export function setCurrentTest(test: string | undefined): void {
  current = test;
}

/** Called by the root hooks: the test's folders are left to look at. */
export function keepAfterFailure(test: string): void {
  failed.add(test);
}

/** Called by the root hooks after the last test. */
export async function removeTempDirs(): Promise<void> {
  const isKept = (test: string | undefined): boolean => (test === undefined ? failed.size > 0 : failed.has(test));
  const kept = [...made].filter(([, test]) => isKept(test)).map(([path]) => path);
  const removed = [...made.keys()].filter((path) => !kept.includes(path));
  await Promise.all(removed.map((path) => rm(path, { recursive: true, force: true })));
  if (kept.length > 0) process.stderr.write(`Kept, to see why tests failed:\n  ${kept.join('\n  ')}\n`);
  made.clear();
}
