/** Child processes that a test or the demo started: never left behind when this process ends. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** One running child. */
export interface Child {
  readonly process: ChildProcess;
  /** For messages, e.g. `synapse`. */
  readonly name: string;
  /** Settled once the child has ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Asks it to end (SIGTERM), and after `graceMs` makes it (SIGKILL). Fine where it has ended. */
  stop(graceMs?: number): Promise<number | NodeJS.Signals>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

const running = new Set<Child>();

// A crash or an uncaught error must not leave a homeserver behind. SIGKILL of this process still does: nothing can help that.
process.on('exit', () => {
  for (const child of running) child.process.kill('SIGKILL');
});

/** Starts a child; it throws where the program cannot be started at all. */
export async function startChild(
  name: string,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Child> {
  const child = spawn(command, args, options);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 0));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${name} could not be started: ${cause.message}`, { cause })));
  });

  const entry: Child = {
    process: child,
    name,
    ended,
    async stop(graceMs = 10_000) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  running.add(entry);
  void ended.then(() => running.delete(entry));
  return entry;
}
