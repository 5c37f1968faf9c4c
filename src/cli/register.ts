import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import { makeRegistration, writeRegistration } from '../matrix/registration.ts';
import { MissingKeys } from './key-files.ts';
import { registrationSettings } from './registration-settings.ts';
import type { Verb } from './verb.ts';

/** `carebridge register` */
export const register: Verb = {
  details: `Prints the lines for homeserver.yaml. Overwrites nothing: run it again to make the keys of a carrier added later.`,

  async run({ configPath, env, out, err }) {
    const keys = new MissingKeys();
    const config = loadConfig(configPath, env, keys.make);
    const written = keys.write(config);
    for (const path of written) out(`Made the key ${path}. Keep a copy of it, apart from the copies of the database.`);

    const path = resolve(config.appservice.registration);
    if (existsSync(path)) {
      const isDone = written.length > 0;
      (isDone ? out : err)(
        `The registration file ${path} exists and is kept: the homeserver may be using it. To write a new one, move it away first.`,
      );
      return isDone ? 0 : 1;
    }
    writeRegistration(path, makeRegistration(registrationSettings(config)));
    out(`Wrote the registration file ${path}.\n`);
    out('Put these lines into homeserver.yaml (if the second is there already, only the third):\n');
    out(`# Carebridge\napp_service_config_files:\n  - ${JSON.stringify(path)}\n`);
    out(
      'If the homeserver runs as another user or on another machine, give it a copy that only it can read, and name that.',
    );
    out('Then restart the homeserver, run carebridge doctor, and start Carebridge.');
    return 0;
  },
};
