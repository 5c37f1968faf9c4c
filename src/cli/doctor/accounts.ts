import type { AccountsConfig } from '../../config/config.ts';
import { PermanentError, RetryableError } from '../../errors.ts';
import { detectAccountMode, type AccountMode } from '../../matrix/account-mode.ts';
import { openMasAdmin } from '../../matrix/accounts/detect.ts';
import { SENDER_LOCALPART } from '../../model/namespace.ts';
import { parseUserId } from '../../model/ids.ts';
import type { Check, Finding } from './check.ts';

/** Who owns the accounts, and does the configuration fit? */
export const accounts: Check = {
  title: 'ask who owns the accounts',
  needs: ['homeserver'],
  async run({ config, signal }) {
    const tried = 'ask who owns the accounts';
    const found = await detectAccountMode(config.homeserver.url, signal);
    if (found.mode === 'unknown') return [{ status: 'warn', tried, result: 'unknown', fix: found.reason }];
    const result =
      found.mode === 'native'
        ? 'the homeserver itself (native)'
        : `Matrix Authentication Service at ${found.issuer}; never make the bot or a ghost there`;
    const fix = whyUnfit(config.accounts, found);
    if (fix !== undefined) return [{ status: 'FAIL', tried, result, fix }];
    const owned: Finding = { status: 'ok', tried, result };
    return found.mode === 'mas' ? [owned, await tryMas(config.accounts, config.homeserver.domain)] : [owned];
  },
};

/** What to do where the adapter that is set refuses to work with what was found. */
function whyUnfit({ adapter }: AccountsConfig, { mode }: AccountMode): string | undefined {
  if (adapter === 'auto' || adapter === mode || (adapter === 'moderation' && mode === 'native')) return undefined;
  return `accounts.adapter is ${adapter}, which refuses to work here: set it to auto or ${mode}`;
}

/** Uses the admin API as account control does; it only looks an account up. */
async function tryMas({ mas }: AccountsConfig, domain: string): Promise<Finding> {
  const tried = 'use the admin API of Matrix Authentication Service';
  if (mas === undefined) {
    const fix = 'set accounts.mas_url, mas_client_id and mas_client_secret; without them no session can be ended';
    return { status: 'warn', tried, result: 'it is not configured', fix };
  }
  const user = mas.adminUser ?? parseUserId(`@${SENDER_LOCALPART}:${domain}`);
  try {
    const known = user === undefined ? undefined : await openMasAdmin(mas).find(user);
    if (mas.adminUser === undefined || known !== undefined)
      return { status: 'ok', tried, result: 'it took our client' };
    const fix = 'make that account in MAS, as an administrator, or correct accounts.mas_admin_user';
    return { status: 'FAIL', tried, result: 'it has no account accounts.mas_admin_user', fix };
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof RetryableError)) throw error;
    return { status: 'FAIL', tried, result: 'it did not work', fix: error.message };
  }
}
