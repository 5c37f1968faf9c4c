import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RetryableError } from '../errors.ts';
import type { AuditCheckpoint } from '../model/audit-chain.ts';
import type { CheckpointMemory } from '../ports/checkpoint-memory.ts';

/** What a checkpoint is made of. */
const FIELDS: Readonly<Record<keyof AuditCheckpoint, 'number' | 'string'>> = {
  number: 'number',
  seq: 'number',
  headHash: 'string',
  at: 'number',
  keyId: 'string',
  signature: 'string',
};

/** The last signed checkpoint in a file (`audit.checkpoint_file`), which is replaced as a whole. */
export class CheckpointFile implements CheckpointMemory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async read(): Promise<AuditCheckpoint | 'unreadable' | undefined> {
    try {
      const found: unknown = JSON.parse(await readFile(this.path, 'utf8'));
      return isCheckpoint(found) ? found : 'unreadable';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
    }
  }

  async write(checkpoint: AuditCheckpoint | undefined): Promise<void> {
    try {
      if (checkpoint === undefined) await rm(this.path, { force: true });
      else await this.#replace(JSON.stringify(checkpoint));
      await flush(dirname(this.path));
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      throw new RetryableError(`The last checkpoint of the audit log cannot be kept in ${this.path} (${code}).`, {
        cause: error,
      });
    }
  }

  async #replace(text: string): Promise<void> {
    const next = `${this.path}.new`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.path);
  }
}

/** Else the renaming may be lost with the power. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isCheckpoint(found: unknown): found is AuditCheckpoint {
  if (typeof found !== 'object' || found === null) return false;
  const fields = found as Readonly<Record<string, unknown>>;
  return Object.entries(FIELDS).every(([name, type]) => typeof fields[name] === type);
}
