import { createSmsCarriers } from '../../sms/index.ts';
import type { Check, Finding } from './check.ts';

const TIMEOUT_MS = 20_000;

/** Can each carrier be reached, and is it set up? */
export const carriers: Check = {
  title: 'ask the carriers',
  needs: [],
  async run({ config, signal }) {
    const found: Finding[] = [];
    for (const [name, carrier] of createSmsCarriers(config.carriers, config.http.publicUrl)) {
      for (const { ok, tried, result, fix } of await carrier.check(
        AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      )) {
        // Fine, but with something to do: a thing that it cannot see.
        const status = ok ? (fix === undefined ? 'ok' : 'warn') : 'FAIL';
        const act = tried.replace(/^to /, '');
        found.push({ status, tried: `${act} (carrier ${name})`, result, ...(fix !== undefined && { fix }) });
      }
    }
    return found;
  },
};
