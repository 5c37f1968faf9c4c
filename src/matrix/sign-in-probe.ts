import { detectAccountMode } from './account-mode.ts';
import { askHomeserver } from './ask-homeserver.ts';

const TIMEOUT_MS = 5_000;

/** Can staff sign in anew now? Asks the homeserver, and the service that owns its accounts where there is one. */
export async function isSignInUp(homeserverUrl: string, signal: AbortSignal): Promise<boolean> {
  const accounts = await detectAccountMode(homeserverUrl, signal);
  if (accounts.mode === 'native') return true;
  if (accounts.mode === 'unknown') return false;
  const answer = await askHomeserver(accounts.issuer, '/.well-known/openid-configuration', { signal }, TIMEOUT_MS);
  return !('unreachable' in answer) && answer.status === 200;
}
