import { detectAccountMode } from '../../matrix/account-mode.ts';
import type { Check } from './check.ts';

/** Who owns the accounts? */
export const accounts: Check = {
  title: 'ask who owns the accounts',
  needs: ['homeserver'],
  async run({ config, signal }) {
    const tried = 'ask who owns the accounts';
    const found = await detectAccountMode(config.homeserver.url, signal);
    switch (found.mode) {
      case 'native':
        return [{ status: 'ok', tried, result: 'the homeserver itself (native)' }];
      case 'mas': {
        const result = `Matrix Authentication Service at ${found.issuer}; never make the bot or a ghost there`;
        return [{ status: 'ok', tried, result }];
      }
      case 'unknown':
        return [{ status: 'warn', tried, result: 'unknown', fix: found.reason }];
    }
  },
};
