import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import type { KeyFile } from '../config/secret-source.ts';
import { UserError } from '../errors.ts';

const KEY_BYTES = 32;

/** Keys that were missing when the configuration was read; written once it turned out to be right. */
export class MissingKeys {
  readonly #keys = new Map<string, KeyFile & { readonly key: string }>();

  /** A key for a missing file. Two settings may name one file, and then share the key. */
  readonly make = (file: KeyFile): string => {
    const made = this.#keys.get(file.path) ?? { ...file, key: randomBytes(KEY_BYTES).toString(file.encoding) };
    this.#keys.set(file.path, made);
    return made.key;
  };

  /**
   * Writes the files, readable by their owner alone, and returns their paths. Throws UserError, and writes none, where something is there that was
   * encrypted with a key that is gone: a new one would hide the loss until it is too late for the backup.
   */
  write(config: Config): string[] {
    const keys = [...this.#keys.values()];
    for (const { path, guards } of keys) {
      const guarded = guards && whatIsThere(guards, config);
      if (guarded === undefined) continue;
      throw new UserError(
        `${path} is missing, but ${guarded} is there, which was encrypted with it. Restore the key from your backup; a new one cannot read it. ` +
          'To begin again from nothing, move that away first.',
      );
    }
    for (const { path, key } of keys) writeKey(path, key);
    return keys.map(({ path }) => path);
  }
}

function whatIsThere(
  guards: 'phi' | 'crypto' | 'archive',
  { database, archive, encryption, appservice }: Config,
): string | undefined {
  if (guards === 'crypto') {
    const isUsed = existsSync(encryption.store) && readdirSync(encryption.store).length > 0;
    return isUsed ? `the crypto store ${encryption.store}` : undefined;
  }
  if (guards === 'archive') {
    const { database: kept } = archive;
    return kept.dialect === 'sqlite' && existsSync(kept.path) ? `the archive ${kept.path}` : undefined;
  }
  if (database.dialect === 'sqlite') return existsSync(database.path) ? `the database ${database.path}` : undefined;
  // Whether a database on a server holds anything is not known here; an installation that was registered may have used it.
  return existsSync(appservice.registration)
    ? `the registration ${appservice.registration} (so the database may be in use)`
    : undefined;
}

function writeKey(path: string, key: string): void {
  let file: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new UserError(`The key ${path} cannot be written (${code}). Check the folder and its owner.`, {
      cause: error,
    });
  }
  try {
    writeSync(file, `${key}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
