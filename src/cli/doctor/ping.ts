import { pingAppservice } from '../../matrix/ping.ts';
import type { Check } from './check.ts';
import { PingListener } from './ping-listener.ts';

/** Do homeserver and bridge reach each other, with the right tokens? */
export const ping: Check = {
  title: 'have the homeserver ping us',
  needs: ['registration', 'homeserver'],
  async run({ config, registration, signal }) {
    const { listen, url } = config.appservice;
    const opened = await PingListener.open(listen, registration.hsToken);
    if ('code' in opened && opened.code !== 'EADDRINUSE') {
      const tried = `listen on ${listen.host}:${listen.port} for the homeserver`;
      const fix = 'set appservice.listen to an address of this machine and a port from 1024 on';
      return [{ status: 'FAIL', tried, result: `not possible (${opened.code})`, fix }];
    }
    await using listener = 'code' in opened ? undefined : opened;
    const who = listener ? 'a listener of ours, since the bridge is not running' : 'what is running there';
    const tried = `have the homeserver ping us at ${url}`;
    const target = {
      homeserverUrl: config.homeserver.url,
      appserviceId: registration.id,
      asToken: registration.asToken,
      appserviceUrl: url,
      ...(listener && { hasSeenPing: listener.hasSeen }),
    };
    const result = await pingAppservice(target, signal);
    if (result.isOk) return [{ status: 'ok', tried, result: `answered by ${who}, in ${result.durationMs} ms` }];
    return [{ status: 'FAIL', tried, result: `it failed (${result.code})`, fix: result.sentence }];
  },
};
