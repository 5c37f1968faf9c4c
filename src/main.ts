#!/usr/bin/env node
/** The process: arguments, signals, exit code. */
import { describeFault, runCli } from './cli/index.ts';

// What libraries should do differently is nothing that an operator can act on.
process.noDeprecation = true;

// Whatever nobody caught, such as a panic of the encryption engine: Node would print its words. Everything that matters is committed.
process.on('uncaughtException', (error) => {
  console.error(describeFault(error));
  // eslint-disable-next-line no-restricted-properties -- nothing can be relied on any more, so nothing is finished
  process.exit(1);
});

const stop = new AbortController();
// A second signal is not caught any more and ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  signal: stop.signal,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
});
