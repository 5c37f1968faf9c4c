import { PermanentError, RetryableError, UserError } from '../../errors.ts';
import { openAccounts } from '../../matrix/accounts/detect.ts';
import type { UserId } from '../../model/ids.ts';
import type { Check, Finding } from './check.ts';

const TRIED = 'control accounts (lost-device, lock, offboard)';

/** May the bridge end sessions and lock accounts? Everything else works without. */
export const accountControl: Check = {
  title: TRIED,
  needs: ['registration', 'homeserver'],
  async run({ config, registration }) {
    const accounts = openAccounts({
      ...config.accounts,
      homeserverUrl: config.homeserver.url,
      asToken: registration.asToken,
    });
    const mode = await accounts.mode();
    if (mode.mode === 'refusing') return [cannot(mode.reason)];
    try {
      // The least that needs the admin credential. Who is asked for need not be there, but under MAS, for Synapse's admin API.
      const { adminToken, mas } = config.accounts;
      const bot = `@${config.appservice.bot}:${config.homeserver.domain}` as UserId;
      const needed = mode.mode === 'mas' && adminToken === undefined;
      const found = await accounts.find((needed ? mas?.adminUser : undefined) ?? bot);
      if (needed && mas?.adminUser === undefined)
        return [cannot('accounts.mas_admin_user is not set, and no accounts.admin_token.')];
      if (needed && found === undefined) return [cannot('MAS has no account accounts.mas_admin_user.')];
      return [{ status: 'ok', tried: TRIED, result: `possible (${mode.mode}): ${mode.detail}` }];
    } catch (error) {
      if (error instanceof PermanentError || error instanceof RetryableError || error instanceof UserError)
        return [cannot(error.message)];
      throw error;
    }
  },
};

/** What commands answer sends its reader here. */
const SENT_HERE = / `carebridge doctor` shows [^.]+\.$/;

function cannot(reason: string): Finding {
  const fix = 'see "Account control" in docs/install.md; until then these commands are refused, and texts go on';
  return { status: 'warn', tried: TRIED, result: `not possible: ${reason.replace(SENT_HERE, '')}`, fix };
}
