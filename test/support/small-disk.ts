/** A disk of its own that can be filled, or protected: a tmpfs, which only root may mount. */
import { execFile } from 'node:child_process';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { skip } from './skip.ts';
import { tempDir } from './temp-dir.ts';

const run = promisify(execFile);

/** A mounted disk. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Leaves no byte free, runs `whileFull`, and makes room again. */
  fill(whileFull: () => Promise<void>): Promise<void>;
  /** Lets nothing be written, runs `meanwhile`, and lets it again. No file on it may be open. */
  protect(meanwhile: () => Promise<void>): Promise<void>;
}

/** Mounts one of `megabytes`. For a `before` hook, which is skipped where that may not be done. */
export async function mountSmallDisk(context: Context, megabytes: number): Promise<SmallDisk> {
  const path = await tempDir('disk');
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'carebridge-test', path]);
  } catch {
    skip(context, 'Only root may mount a tmpfs, and not in every container.');
  }
  const filler = join(path, 'filler');
  return {
    path,
    async fill(whileFull) {
      try {
        await untilFull(filler);
        await whileFull();
      } finally {
        await rm(filler, { force: true });
      }
    },
    async protect(meanwhile) {
      await run('mount', ['-o', 'remount,ro', path]);
      try {
        await meanwhile();
      } finally {
        await run('mount', ['-o', 'remount,rw', path]);
      }
    },
    [Symbol.asyncDispose]: async () => void (await run('umount', ['--lazy', path])),
  };
}

async function untilFull(path: string): Promise<void> {
  for (const piece of [Buffer.alloc(64 * 1024), Buffer.alloc(1)]) {
    try {
      for (;;) await appendFile(path, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
