import type { Config } from '../config/config.ts';
import type { RegistrationSettings } from '../matrix/registration.ts';

/** What the registration file repeats of the configuration. */
export function registrationSettings({ homeserver, appservice }: Config): RegistrationSettings {
  const { url, bot, ghostPrefix } = appservice;
  return { domain: homeserver.domain, url, bot, ghostPrefix };
}
