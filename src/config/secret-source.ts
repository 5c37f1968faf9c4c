import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Problems } from './problems.ts';
import type { Secret } from './setting.ts';

/** A key file that is not there yet. */
export interface KeyFile {
  readonly path: string;
  readonly encoding: 'base64' | 'base64url';
  /** What would be unreadable with another key. */
  readonly guards: 'phi' | 'crypto' | 'archive' | undefined;
}

/** Makes a key that is missing, for `carebridge register`, and returns it. */
export type MakeKey = (file: KeyFile) => string;

/** Where secrets may come from, besides the file itself. */
export interface SecretSurroundings {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: Problems;
  readonly makeKey: MakeKey | undefined;
}

/** One secret as the file has it. */
export interface WrittenSecret {
  /** `carriers.kannel.password` */
  readonly key: string;
  /** The name of the entry it is in: `kannel`. */
  readonly entry: string;
  readonly inline: string | undefined;
  readonly file: string | undefined;
}

/** `CAREBRIDGE_CARRIERS_KANNEL_PASSWORD` of `carriers.kannel.password`. */
export function environmentName(key: string): string {
  return `CAREBRIDGE_${key.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
}

/** The secret from the one place that has it, not yet looked at; undefined where none has, or where it cannot be had. */
export function findSecret(
  node: Secret<unknown>,
  written: WrittenSecret,
  surroundings: SecretSurroundings,
): string | undefined {
  const { key, entry, inline, file } = written;
  const { env, problems } = surroundings;
  const name = environmentName(key);
  const fromEnvironment = env[name] || undefined;
  const given = [
    inline !== undefined && 'the file itself',
    file !== undefined && `${lastOf(key)}_file`,
    fromEnvironment !== undefined && `the environment (${name})`,
  ].filter((place) => place !== false);
  if (given.length > 1) {
    problems.add(key, `it is given more than once, in ${given.join(' and ')}`, 'keep one of them');
    return undefined;
  }
  if (inline !== undefined) return inline;
  if (fromEnvironment !== undefined) return fromEnvironment.trim();
  if (file !== undefined) return readKeyFile(node, `${key}_file`, file, surroundings);
  if (node.made) return readKeyFile(node, key, node.made.file.replace('*', entry), surroundings);
  if (node.leftOut === undefined) {
    problems.add(key, 'it is missing', `set ${lastOf(key)}, ${lastOf(key)}_file or the environment variable ${name}`);
  }
  return undefined;
}

function readKeyFile(
  node: Secret<unknown>,
  key: string,
  file: string,
  { folder, problems, makeKey }: SecretSurroundings,
): string | undefined {
  const path = isAbsolute(file) ? file : join(folder, file);
  try {
    const { mode } = statSync(path);
    const words = readFileSync(path, 'utf8').trim();
    if (mode & 0o077) problems.add(key, `others than its owner may read or change ${path}`, `run chmod 600 ${path}`);
    else if (words === '') problems.add(key, `${path} is empty`, 'write the secret into it');
    else return words;
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && node.made && makeKey) {
      return makeKey({ path, encoding: node.made.encoding, guards: node.made.guards });
    }
    // Not yet made, and it works without: an installation that is older than the setting starts as before.
    if (code === 'ENOENT' && node.made && node.leftOut !== undefined && !key.endsWith('_file')) return undefined;
    if (code === 'ENOENT') {
      const fix = node.made
        ? 'run `carebridge register`, which makes it'
        : `write the secret into it, and run chmod 600 ${path}`;
      problems.add(key, `there is no file ${path}`, fix);
    } else {
      problems.add(
        key,
        `${path} cannot be read (${code ?? 'unknown'})`,
        'make it readable for the user that runs Carebridge',
      );
    }
    return undefined;
  }
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
