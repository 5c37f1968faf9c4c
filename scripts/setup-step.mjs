/** One step of the set-up: says what it does, and that it is still at it. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything that the set-up makes, less node_modules. Safe to delete. */
export const cache = join(root, '.cache');

/** Something is missing on this machine: the message is for the person and says what to do. */
export class SetupError extends Error {}

const REMIND_EVERY_MS = 20_000;

/** Runs a program whose output matters only when it fails; throws `SetupError` with `advice` then. */
export async function step(what, command, args, { advice, env = process.env, logName }) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  console.log(`[setup] ${what}`);
  const reminder = setInterval(() => console.log(`[setup]   still at it, ${seconds()} s so far`), REMIND_EVERY_MS);
  let output = '';
  try {
    const code = await new Promise((resolve) => {
      const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const collect = (data) => (output += data);
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.on('error', (error) => {
        output += error.message;
        resolve(1);
      });
      child.on('close', (code, signal) => resolve(code ?? signal));
    });
    if (code !== 0) throw failure(`"${command} ${args.join(' ')}" failed (${code})`, output, advice, logName);
  } finally {
    clearInterval(reminder);
  }
  console.log(`[setup]   done in ${seconds()} s`);
}

function failure(what, output, advice, logName) {
  mkdirSync(cache, { recursive: true });
  const log = join(cache, logName);
  writeFileSync(log, output);
  const end = output.trimEnd().split('\n').slice(-15).join('\n');
  return new SetupError(
    `${end}\n\n${what}. ${advice}\nAll it said is in ${log}. The set-up goes on from here when you run it again.`,
  );
}
