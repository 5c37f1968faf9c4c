/** Runs the command line to its end. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startChild } from '../../../src/cli/demo/children.ts';
import type { Clinic } from '../../../src/cli/demo/clinic.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');

/** What a run that ended left. */
export interface EndedRun {
  readonly code: number | NodeJS.Signals;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs `carebridge <args>` until it ends by itself, and kills it after `timeoutMs`. */
export async function runCarebridge(args: readonly string[], timeoutMs = 60_000): Promise<EndedRun> {
  const child = await startChild('carebridge', process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Later than `ended`: all of its output was read by then.
  const closed = once(child.process, 'close');
  let output = '';
  for (const stream of [child.process.stdout, child.process.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const timer = setTimeout(() => void child.kill(), timeoutMs);
  await closed;
  const code = await child.ended;
  clearTimeout(timer);
  return { code, output };
}

type Config = Record<string, Record<string, unknown>>;

/** Writes a changed copy of a clinic's configuration beside it, and returns its path. */
export async function copyConfig(clinic: Clinic, change: (config: Config) => void): Promise<string> {
  const path = join(clinic.directory, 'second.yaml');
  await writeConfig(clinic.configPath, path, change);
  return path;
}

/** Changes a clinic's configuration; the bridge must be started anew. */
export async function changeConfig(clinic: Clinic, change: (config: Config) => void): Promise<void> {
  await writeConfig(clinic.configPath, clinic.configPath, change);
}

async function writeConfig(from: string, to: string, change: (config: Config) => void): Promise<void> {
  const config = JSON.parse(await readFile(from, 'utf8')) as Config;
  change(config);
  await writeFile(to, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}
