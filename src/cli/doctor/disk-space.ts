import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Check, Finding } from './check.ts';

const MB = 1_000_000;
const TOO_LITTLE_BYTES = 100 * MB;
const LITTLE_BYTES = 1_000 * MB;

/** Is there room where we write? */
export const diskSpace: Check = {
  title: 'see how much room is left on the disk',
  needs: [],
  async run({ config: { database, archive, encryption } }) {
    const databases = archive.keys === undefined ? [database] : [database, archive.database];
    const files = databases.flatMap((one) => (one.dialect === 'sqlite' ? [one.path] : []));
    const folders = new Set([encryption.store, ...files].map(existingFolder));
    return [...folders].map((folder) => {
      const { bavail, bsize } = statfsSync(folder);
      return judgeRoom(folder, bavail * bsize);
    });
  },
};

/** What so much room means. */
export function judgeRoom(folder: string, bytes: number): Finding {
  const tried = `see how much room is left at ${folder}`;
  const result = `${Math.floor(bytes / MB)} MB`;
  if (bytes >= LITTLE_BYTES) return { status: 'ok', tried, result };
  const fix =
    'make room: on a full disk nothing is taken from carriers or the homeserver, who keep it for a while only';
  return { status: bytes < TOO_LITTLE_BYTES ? 'FAIL' : 'warn', tried, result, fix };
}

/** What is not there yet is made in the nearest folder that is. */
function existingFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}
