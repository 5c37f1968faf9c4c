import type { Config } from '../config/config.ts';
import type { UserId } from '../model/ids.ts';
import { Notifier } from '../services/notifier.ts';
import { TellSecurity } from '../services/tell-security.ts';
import type { Storage } from '../storage/open-storage.ts';

/** Tells the security room from the command line: the bridge, running or started later, looks at its notices by itself. */
export function hostSecurity({ appservice, homeserver }: Config, storage: Storage): TellSecurity {
  const bot = `@${appservice.bot}:${homeserver.domain}` as UserId;
  return new TellSecurity({ ...storage, notifier: new Notifier({ ...storage, bot, wake: () => undefined }) });
}
