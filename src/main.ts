#!/usr/bin/env node
/** The process: arguments, signals, exit code. */
import { runCli } from './cli/index.ts';

// What libraries should do differently is nothing that an operator can act on.
process.noDeprecation = true;

const stop = new AbortController();
// A second signal is not caught any more and ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  signal: stop.signal,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
});
