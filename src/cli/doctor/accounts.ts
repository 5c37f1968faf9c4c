import type { AccountsConfig } from '../../config/config.ts';
import { detectAccountMode, type AccountMode } from '../../matrix/account-mode.ts';
import type { Check } from './check.ts';

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
    return [{ status: 'ok', tried, result }];
  },
};

/** What to do where the adapter that is set refuses to work with what was found. */
function whyUnfit({ adapter }: AccountsConfig, { mode }: AccountMode): string | undefined {
  if (adapter === 'auto' || adapter === mode || (adapter === 'moderation' && mode === 'native')) return undefined;
  return `accounts.adapter is ${adapter}, which refuses to work here: set it to auto or ${mode}`;
}
