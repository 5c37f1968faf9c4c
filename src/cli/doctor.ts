import { loadConfig } from '../config/load-config.ts';
import { ConfigError } from '../errors.ts';
import { readRegistration } from '../matrix/registration.ts';
import type { Check, DoctorContext, Finding } from './doctor/check.ts';
import { CHECKS } from './doctor/index.ts';
import { homeserver } from './doctor/homeserver.ts';
import { registrationSettings } from './registration-settings.ts';
import type { Verb } from './verb.ts';

/** `carebridge doctor` */
export const doctor: Verb = {
  details: `One line for each check: ok, warn or FAIL, what was tried, the result, and the fix. Exits 1 if there is a FAIL.
It can be run beside a running Carebridge. It changes nothing; the bot's account is made if it is missing.`,

  async run({ configPath, env, signal, out, err }) {
    const tried = `read the configuration ${configPath}`;
    let context: DoctorContext;
    const findings: Finding[] = [];
    const add = (finding: Finding): void => {
      findings.push(finding);
      out(formatFinding(finding));
    };
    try {
      const config = loadConfig(configPath, env);
      context = { config, configPath, env, signal, registration: undefined };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const count = error.problems.length;
      out(
        formatFinding({
          status: 'FAIL',
          tried,
          result: `${count} ${count === 1 ? 'problem' : 'problems'}`,
          fix: 'fix what follows',
        }),
      );
      err(error.message);
      return 1;
    }
    add({ status: 'ok', tried, result: 'complete' });
    context = { ...context, registration: readRegistrationFor(context, add) };
    await runChecks(context, add);
    const failed = findings.filter(({ status }) => status === 'FAIL').length;
    const warned = findings.filter(({ status }) => status === 'warn').length;
    out(`\ndoctor: ${findings.length} checks, ${failed} failed, ${warned} to look at`);
    return failed > 0 ? 1 : 0;
  },
};

/** One line of the report. */
function formatFinding({ status, tried, result, fix }: Finding): string {
  return `${status.padEnd(4)}  ${tried}  -> ${result}${fix === undefined ? '' : ` ; fix: ${fix}`}`;
}

async function runChecks(context: DoctorContext, add: (finding: Finding) => void): Promise<void> {
  let isHomeserverThere = false;
  for (const check of CHECKS) {
    if (context.signal.aborted) return;
    const missing = check.needs.filter((need) =>
      need === 'registration' ? context.registration === undefined : !isHomeserverThere,
    );
    if (missing.length > 0) {
      add({
        status: 'warn',
        tried: check.title,
        result: 'not run',
        fix: `first fix the ${missing.join(' and the ')}, above`,
      });
      continue;
    }
    const found = await runCheck(check, context);
    if (check === homeserver) isHomeserverThere = found.every(({ status }) => status !== 'FAIL');
    found.forEach(add);
  }
}

async function runCheck(check: Check, context: DoctorContext): Promise<readonly Finding[]> {
  try {
    // `needs` was looked at by the caller.
    return await check.run(context as Parameters<Check['run']>[0]);
  } catch (error) {
    if (error instanceof ConfigError)
      return [{ status: 'FAIL', tried: check.title, result: 'not possible', fix: error.message }];
    const { name = 'Error', code = '' } = error as { name?: string; code?: unknown };
    const fix = 'this is a fault of the check itself: please report it';
    return [
      { status: 'FAIL', tried: check.title, result: `it broke off (${name} ${String(code)})`.replace(' )', ')'), fix },
    ];
  }
}

function readRegistrationFor({ config }: DoctorContext, add: (finding: Finding) => void) {
  const path = config.appservice.registration;
  const tried = `read the registration file ${path}`;
  try {
    const registration = readRegistration(path, registrationSettings(config));
    add({ status: 'ok', tried, result: 'it fits the configuration; the bot is not its sender_localpart' });
    return registration;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { key, problem, fix } of error.problems) {
      add({ status: 'FAIL', tried: key === '' ? tried : `${tried}, ${key}`, result: problem, fix });
    }
    return undefined;
  }
}
