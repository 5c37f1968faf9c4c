import type { Check } from './check.ts';
import { probeHomeserver } from './probe.ts';

/** Is the homeserver there, and which is it? */
export const homeserver: Check = {
  title: 'reach the homeserver',
  needs: [],
  async run({ config, signal }) {
    const { url } = config.homeserver;
    const tried = `reach the homeserver at ${url}`;
    const probe = await probeHomeserver(url, signal);
    if ('unreachable' in probe) {
      const fix = 'start the homeserver, or correct homeserver.url; look for a firewall between the two';
      return [{ status: 'FAIL', tried, result: `no answer (${probe.unreachable})`, fix }];
    }
    if (probe.newestVersion === undefined) {
      const fix = 'correct homeserver.url: it is where /_matrix/client/versions is served, without that path';
      return [{ status: 'FAIL', tried, result: `no Matrix homeserver answers there (HTTP ${probe.status})`, fix }];
    }
    const result = `${probe.software ?? 'it'} answered in ${probe.durationMs} ms; newest version of the specification: ${probe.newestVersion}`;
    return [{ status: 'ok', tried, result }];
  },
};
