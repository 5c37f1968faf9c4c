import { once } from 'node:events';
import { basename } from 'node:path';
import { startApp } from '../app.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../log.ts';
import type { Verb } from './verb.ts';
import { version } from './version.ts';

/** `carebridge start`: runs the bridge until the process is told to end. Its output is the log. */
export const start: Verb = {
  details:
    'Runs until SIGTERM or SIGINT, then finishes what is at work. The log goes to standard output, one JSON object a line.',
  async run({ configPath, env, signal }) {
    const config = loadConfig(configPath, env);
    const log = createLogger(config.log.level);
    await using app = await startApp(config, log, { version: version(), configFile: basename(configPath) });
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), app.failed]);
    log.info('bridge.stopping');
    return 0;
  },
};
