import { RetryableError } from '../errors.ts';
import { askHomeserver } from './ask-homeserver.ts';

/**
 * Who owns the accounts: the homeserver with its own passwords, or Matrix Authentication Service. `unknown` is never to be taken for
 * `native`: Synapse answers 500 where it was started while MAS was down.
 */
export type AccountMode =
  | { readonly mode: 'native' }
  | { readonly mode: 'mas'; readonly issuer: string }
  | { readonly mode: 'unknown'; readonly reason: string };

/** Who owns the accounts, where that is known. */
export type AccountOwner = Exclude<AccountMode, { readonly mode: 'unknown' }>;

const TIMEOUT_MS = 10_000;

/** Asks the homeserver (`GET /_matrix/client/v1/auth_metadata`, specification 1.15). `reason` is a sentence with what to do. */
export async function detectAccountMode(homeserverUrl: string, signal?: AbortSignal): Promise<AccountMode> {
  const answer = await askHomeserver(
    homeserverUrl,
    '/_matrix/client/v1/auth_metadata',
    signal ? { signal } : {},
    TIMEOUT_MS,
  );
  if ('unreachable' in answer) {
    return {
      mode: 'unknown',
      reason: `The homeserver cannot be reached at ${homeserverUrl} (${answer.unreachable}). Start it or correct homeserver.url.`,
    };
  }
  const { status, errcode, body } = answer;
  if (status === 200 && typeof body['issuer'] === 'string') return { mode: 'mas', issuer: body['issuer'] };
  if (status === 404 && errcode === 'M_UNRECOGNIZED') return { mode: 'native' };
  if (status === 404)
    return { mode: 'unknown', reason: `There is no Matrix homeserver at ${homeserverUrl}. Correct homeserver.url.` };
  return {
    mode: 'unknown',
    reason: `The homeserver answered ${status} ${errcode ?? ''} when asked who owns its accounts. If it uses Matrix Authentication Service, start that, then restart the homeserver.`,
  };
}

/** The owner of the accounts. Throws RetryableError where that is not known at this moment: servers that start answer wrongly, or not at all. */
export async function accountOwner(homeserverUrl: string): Promise<AccountOwner> {
  const found = await detectAccountMode(homeserverUrl);
  if (found.mode === 'unknown') throw new RetryableError(found.reason);
  return found;
}
