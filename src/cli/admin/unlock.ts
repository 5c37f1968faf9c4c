import { UnlockAccount } from '../../services/unlock-account.ts';
import { whatElse, type AdminPart } from './admin-part.ts';

/** `carebridge admin unlock`: whoever locked the account, and however. */
export const unlock: AdminPart = {
  name: 'unlock',
  words: [],
  summary: ['makes an account usable: neither locked nor suspended, whoever did that'],

  async run({ host, request }) {
    const { target } = request;
    const { outcome, text } = await new UnlockAccount(host.accountParts()).run(request, { isUsable: true });
    const head = outcome === 'done' ? `${target} is unlocked.` : `${target} is not unlocked.`;
    return { outcome, text: [head, text, ...(await whatElse(host, target))].join('\n') };
  },
};
