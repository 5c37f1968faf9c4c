/** Temporary folders of tests: removed at the end, kept and named where a test failed. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();
let failedTest: string | undefined;

/** A new, empty folder, in `parent` where that is there. */
export async function tempDir(name = 'test', parent = tmpdir()): Promise<string> {
  const folder = existsSync(parent) ? parent : tmpdir();
  const path = await mkdtemp(join(folder, `carebridge-${name}-`));
  made.add(path);
  return path;
}

/** Called by the root hooks: from here on the folders are left to look at. */
export function keepAfterFailure(test: string): void {
  failedTest ??= test;
}

/** Called by the root hooks after the last test. */
export async function removeTempDirs(): Promise<void> {
  if (failedTest === undefined) {
    await Promise.all([...made].map((path) => rm(path, { recursive: true, force: true })));
  } else if (made.size > 0) {
    process.stderr.write(`Kept, since "${failedTest}" failed:\n  ${[...made].join('\n  ')}\n`);
  }
  made.clear();
}
