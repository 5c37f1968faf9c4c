import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load-config.ts';
import { readRegistration } from '../matrix/registration.ts';
import { createSmsCarriers } from '../sms/index.ts';
import { registrationSettings } from './registration-settings.ts';
import type { Verb } from './verb.ts';

/** `carebridge check-config` */
export const checkConfig: Verb = {
  details: `Prints file:line:column key: what is wrong; what to do, one line for each problem, and exits 1; or prints ok.
It connects nowhere: carebridge doctor tries things out.`,

  async run({ configPath, env, out }) {
    const config = loadConfig(configPath, env);
    createSmsCarriers(config.carriers, config.http.publicUrl);
    const { registration } = config.appservice;
    if (existsSync(registration)) {
      readRegistration(registration, registrationSettings(config));
      out('ok');
    } else {
      out(`ok; there is no registration file at ${registration} yet: run carebridge register`);
    }
    return 0;
  },
};
