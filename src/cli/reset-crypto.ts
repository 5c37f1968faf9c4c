import { loadConfig } from '../config/load-config.ts';
import { UserError } from '../errors.ts';
import { resetCrypto } from '../matrix/crypto/reset-crypto.ts';
import { MatrixHttp } from '../matrix/matrix-http.ts';
import { readRegistration } from '../matrix/registration.ts';
import type { UserId } from '../model/ids.ts';
import { openStorage } from '../storage/open-storage.ts';
import { registrationSettings } from './registration-settings.ts';
import type { Verb } from './verb.ts';

const CONSEQUENCES = `It deletes the devices of the bot and the ghosts on the homeserver, and the crypto store with all keys. At the next start they get new ones:
- messages that staff sent and the bot has not read yet can never be read by it: they must be sent again
- the bot can no longer open earlier files and messages; staff still can, in Element
- Element says once, in each room, that the identity of the bot and of the patient was reset: tell the staff before
Contacts, consent, and texts that wait are not affected: they are in the database.
Needed if the store is lost, damaged or an old copy, or its passphrase is lost. Stop Carebridge first.`;

/** `carebridge reset-crypto` */
export const resetCryptoVerb: Verb = {
  details: CONSEQUENCES,
  options: { yes: { type: 'boolean' } },

  async run({ configPath, env, options, out }) {
    const config = loadConfig(configPath, env);
    if (options['yes'] !== true) {
      throw new UserError(
        `This throws all encryption keys away.\n\n${CONSEQUENCES}\n\nTo do it: carebridge reset-crypto --yes`,
      );
    }
    const { asToken } = readRegistration(config.appservice.registration, registrationSettings(config));
    await using storage = await openStorage(config);
    const http = new MatrixHttp({ url: config.homeserver.url, asToken });
    try {
      const bot = `@${config.appservice.bot}:${config.homeserver.domain}` as UserId;
      const deleted = await resetCrypto({
        config: config.encryption,
        http,
        settings: storage.settings,
        bot,
        ghosts: await storage.conversations.ghosts(),
      });
      out(
        `Deleted ${deleted} ${deleted === 1 ? 'device' : 'devices'} on the homeserver, and the crypto store ${config.encryption.store}.`,
      );
      out('The next start makes new keys.');
    } finally {
      http.close();
    }
    return 0;
  },
};
