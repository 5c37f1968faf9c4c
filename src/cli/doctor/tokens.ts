import { askHomeserver } from '../../matrix/ask-homeserver.ts';
import type { Check, Finding } from './check.ts';

const TIMEOUT_MS = 10_000;

/** Does the homeserver know our as_token, as whom, and on which server? */
export const tokens: Check = {
  title: 'log in with the as_token',
  needs: ['registration', 'homeserver'],
  async run({ config, registration, signal }) {
    const tried = 'log in with the as_token of the registration';
    const headers = { authorization: `Bearer ${registration.asToken}` };
    const answer = await askHomeserver(
      config.homeserver.url,
      '/_matrix/client/v3/account/whoami',
      { headers, signal },
      TIMEOUT_MS,
    );
    if ('unreachable' in answer) {
      return [
        { status: 'FAIL', tried, result: `no answer (${answer.unreachable})`, fix: "look into the homeserver's log" },
      ];
    }
    const { user_id: userId } = answer.body;
    if (answer.status !== 200 || typeof userId !== 'string') {
      const fix = `name ${config.appservice.registration} (or a copy of it) under app_service_config_files in homeserver.yaml, and restart the homeserver`;
      return [{ status: 'FAIL', tried, result: `refused (HTTP ${answer.status} ${answer.errcode ?? ''})`, fix }];
    }
    const login: Finding = { status: 'ok', tried, result: `it is ${userId}` };
    return [login, checkServerName(userId, config.homeserver.domain), checkBot(userId, config.appservice.bot)];
  },
};

function checkServerName(userId: string, domain: string): Finding {
  const tried = `compare the server name with homeserver.domain (${domain})`;
  const serverName = userId.slice(userId.indexOf(':') + 1);
  if (serverName === domain) return { status: 'ok', tried, result: 'the same' };
  const fix = `set homeserver.domain to ${serverName}, move the registration away, run carebridge register, and restart the homeserver`;
  return { status: 'FAIL', tried, result: `the homeserver calls itself ${serverName}`, fix };
}

function checkBot(senderId: string, bot: string): Finding {
  const tried = "compare the bot with the registration's sender";
  if (!senderId.startsWith(`@${bot}:`)) return { status: 'ok', tried, result: 'two users, as it must be' };
  const fix = 'the homeserver has an old registration file: give it the present one, and restart it';
  return { status: 'FAIL', tried, result: `both are ${senderId}, to whom homeservers refuse /sync`, fix };
}
