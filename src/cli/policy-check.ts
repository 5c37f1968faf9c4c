import { loadConfig } from '../config/load-config.ts';
import { MatrixSettingsProbe, somebodyOn } from '../matrix/probe-settings.ts';
import { readRegistration } from '../matrix/registration.ts';
import { CheckPolicy, policyReportText } from '../services/check-policy.ts';
import { registrationSettings } from './registration-settings.ts';
import type { Verb } from './verb.ts';

/** `carebridge policy-check` */
export const policyCheck: Verb = {
  details: `What is missing comes first, with the exact lines to write into homeserver.yaml. Exits 1 if something is missing.
It can be run beside a running Carebridge; docs/policy-check.md says what is asked of the homeserver.`,

  async run({ configPath, env, out }) {
    const config = loadConfig(configPath, env);
    const { url, domain } = config.homeserver;
    const { asToken } = readRegistration(config.appservice.registration, registrationSettings(config));
    const checkPolicy = new CheckPolicy({
      probe: new MatrixSettingsProbe({ url, domain, asToken, somebody: somebodyOn(domain, config.admins) }),
      declared: config.homeserverDeclarations,
      domain,
      prefix: config.commands.prefix,
    });
    const report = await checkPolicy.check();
    out(policyReportText(report));
    return report.findings.some(({ status }) => status === 'missing') ? 1 : 0;
  },
};
