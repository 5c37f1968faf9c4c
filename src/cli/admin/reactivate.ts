import { ReactivateAccount } from '../../services/reactivate-account.ts';
import { whatElse, type AdminPart } from './admin-part.ts';

/** `carebridge admin reactivate`: where whoever was offboarded is needed to administer. */
export const reactivate: AdminPart = {
  name: 'reactivate',
  words: [],
  summary: ['takes back somebody who was offboarded; roles must be given again'],

  async run({ host, request }) {
    const { target } = request;
    const { outcome, text } = await new ReactivateAccount(host.accountParts()).run(request);
    const head = outcome === 'done' ? `${target} is back.` : `${target} is not back completely.`;
    return { outcome, text: [head, text, ...(await whatElse(host, target))].join('\n') };
  },
};
