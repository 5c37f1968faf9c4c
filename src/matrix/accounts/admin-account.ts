import { isFault } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { parseUserId, type UserId } from '../../model/ids.ts';
import { AdminHttp, fixedToken } from './admin-http.ts';

export interface AdminAccountOptions {
  readonly homeserverUrl: string;
  /** `accounts.admin_token`. undefined: there is none to ask about. */
  readonly adminToken: string | undefined;
  readonly log: Logger;
}

/**
 * Whose the admin token is, as the homeserver says (`/account/whoami`, Client-Server API): asked when first needed, and again until it answers. Where it does
 * not, that is logged, and undefined.
 */
export function adminAccount({
  homeserverUrl,
  adminToken,
  log,
}: AdminAccountOptions): () => Promise<UserId | undefined> {
  if (adminToken === undefined) return async () => undefined;
  const token = fixedToken(adminToken, '`accounts.admin_token`');
  const http = new AdminHttp({ server: 'the homeserver', url: homeserverUrl, token });
  let known: UserId | undefined;
  return async () => {
    if (known !== undefined) return known;
    try {
      const path = '/_matrix/client/v3/account/whoami';
      const { body } = await http.ok('ask whose the admin token is', { method: 'GET', path });
      known = parseUserId(body['user_id']);
    } catch (error) {
      if (!isFault(error)) throw error;
      log.warn('accounts.admin-token-owner-unknown', { error });
    }
    return known;
  };
}
