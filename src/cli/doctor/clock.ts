import type { Check } from './check.ts';
import { probeHomeserver } from './probe.ts';

/** A clock that is off shows wrong times in the record. ms. */
const WARN_MS = 10_000;
/** Signatures of carriers are refused at this difference. ms. */
const FAIL_MS = 300_000;

/** Do the two clocks agree? */
export const clock: Check = {
  title: 'compare the clocks',
  needs: ['homeserver'],
  async run({ config, signal }) {
    const tried = "compare this machine's clock with the homeserver's";
    const before = Date.now();
    const probe = await probeHomeserver(config.homeserver.url, signal);
    const now = (before + Date.now()) / 2;
    if ('unreachable' in probe || probe.dateMs === undefined) {
      return [
        {
          status: 'warn',
          tried,
          result: 'the homeserver did not tell the time',
          fix: 'check that this machine runs NTP',
        },
      ];
    }
    // Its clock is told in whole seconds, cut off.
    const differenceMs = Math.abs(now - (probe.dateMs + 500));
    const seconds = Math.round(differenceMs / 1_000);
    if (differenceMs < WARN_MS)
      return [{ status: 'ok', tried, result: `they agree to within ${Math.max(seconds, 1)} s` }];
    const fix = 'run NTP on both machines (timedatectl set-ntp true)';
    return [{ status: differenceMs < FAIL_MS ? 'warn' : 'FAIL', tried, result: `they differ by ${seconds} s`, fix }];
  },
};
