import { ConfigError, PermanentError, RetryableError } from '../../errors.ts';
import { checkIdentity, fetchIdentity } from '../../matrix/crypto/store-guard.ts';
import { MatrixHttp } from '../../matrix/matrix-http.ts';
import type { UserId } from '../../model/ids.ts';
import type { Check } from './check.ts';
import { rememberedStore } from './remembered-store.ts';

/** Are the bot's keys on the homeserver the ones it had? */
export const botKeys: Check = {
  title: "compare the bot's keys with the homeserver's",
  needs: ['registration', 'homeserver'],
  async run({ config, registration }) {
    const tried = "compare the bot's keys with those on the homeserver";
    const memory = await rememberedStore(config);
    if (memory === undefined) return [{ status: 'ok', tried, result: 'it has none yet; the first start makes them' }];
    const http = new MatrixHttp({ url: config.homeserver.url, asToken: registration.asToken, timeoutMs: 10_000 });
    try {
      const bot = `@${config.appservice.bot}:${config.homeserver.domain}` as UserId;
      checkIdentity(memory, await fetchIdentity(http, bot, memory.deviceId), memory.bot);
      return [{ status: 'ok', tried, result: `the same (device ${memory.deviceId})` }];
    } catch (error) {
      if (error instanceof ConfigError) return [{ status: 'FAIL', tried, result: 'they differ', fix: error.message }];
      if (!(error instanceof RetryableError || error instanceof PermanentError)) throw error;
      return [{ status: 'FAIL', tried, result: error.message, fix: 'fix what is above, then try again' }];
    } finally {
      http.close();
    }
  },
};
