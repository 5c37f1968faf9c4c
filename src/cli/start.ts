import { once } from 'node:events';
import { basename } from 'node:path';
import { startApp } from '../app.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../log.ts';
import type { Verb } from './verb.ts';
import { endWithin } from './end-within.ts';
import { version } from './version.ts';

/** So long after it was told to end the process has ended, whatever hangs, ms. Everything that matters is committed. */
const END_WITHIN_MS = 10_000;

/** `carebridge start`: runs the bridge until the process is told to end. Its output is the log. */
export const start: Verb = {
  details:
    'Runs until SIGTERM or SIGINT, then finishes what is at work, for 10 seconds at most. The log goes to standard output, one JSON object a line.',
  async run({ configPath, env, signal }) {
    const config = loadConfig(configPath, env);
    const log = createLogger(config.log.level);
    endWithin(END_WITHIN_MS, signal, () => log.warn('bridge.cut-off'));
    await using app = await startApp(config, log, { version: version(), configFile: basename(configPath) });
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), app.failed]);
    log.info('bridge.stopping');
    return 0;
  },
};
