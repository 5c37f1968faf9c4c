import { askHomeserver, type HomeserverAnswer } from '../../matrix/ask-homeserver.ts';
import type { Check, Finding, RegisteredContext } from './check.ts';

/** Of the device that is made and removed again. It never has keys, so nobody sends it any. */
const PROBE_DEVICE = 'CAREBRIDGE_DOCTOR';
const TIMEOUT_MS = 10_000;

/** Can we make devices? Encryption needs one for the bot and for each ghost. */
export const device: Check = {
  title: 'make a device',
  needs: ['registration', 'homeserver'],
  async run(context) {
    const { bot } = context.config.appservice;
    const tried = `make a device for the bot, and remove it`;
    const user = await call(context, 'POST', '/_matrix/client/v3/register', {
      type: 'm.login.application_service',
      username: bot,
      inhibit_login: true,
    });
    if (!isDone(user, 'M_USER_IN_USE')) return [explain(`make the bot's account`, user)];
    const path = `/_matrix/client/v3/devices/${PROBE_DEVICE}?user_id=${encodeURIComponent(`@${bot}:${context.config.homeserver.domain}`)}`;
    const made = await call(context, 'PUT', path, { display_name: 'carebridge doctor' });
    if (!isDone(made)) return [explain(tried, made)];
    const removed = await call(context, 'DELETE', path, {});
    if (isDone(removed)) return [{ status: 'ok', tried, result: 'done' }];
    const fix = `remove the device ${PROBE_DEVICE} of the bot with the admin API; it does no harm`;
    return [{ status: 'warn', tried, result: `made, but not removed (${shown(removed)})`, fix }];
  },
};

function explain(tried: string, answer: HomeserverAnswer): Finding {
  return { status: 'FAIL', tried, result: `refused (${shown(answer)})`, fix: fixFor(answer) };
}

function fixFor(answer: HomeserverAnswer): string {
  if ('unreachable' in answer) return "look into the homeserver's log";
  if (answer.status === 404 || answer.errcode === 'M_UNRECOGNIZED') {
    return 'update the homeserver: Synapse makes devices for application services from 1.141 on (MSC4190)';
  }
  if (answer.errcode === 'M_EXCLUSIVE' || answer.status === 401 || answer.status === 403) {
    return 'give the homeserver the present registration file, and restart it: it does not let us act as the bot';
  }
  return "look into the homeserver's log";
}

function call(
  { config, registration, signal }: RegisteredContext,
  method: string,
  path: string,
  body: object,
): Promise<HomeserverAnswer> {
  const headers = { authorization: `Bearer ${registration.asToken}`, 'content-type': 'application/json' };
  return askHomeserver(
    config.homeserver.url,
    path,
    { method, headers, body: JSON.stringify(body), signal },
    TIMEOUT_MS,
  );
}

function isDone(answer: HomeserverAnswer, alsoFine?: string): boolean {
  if ('unreachable' in answer) return false;
  return (answer.status >= 200 && answer.status < 300) || (alsoFine !== undefined && answer.errcode === alsoFine);
}

function shown(answer: HomeserverAnswer): string {
  return 'unreachable' in answer ? answer.unreachable : `HTTP ${answer.status} ${answer.errcode ?? ''}`.trim();
}
