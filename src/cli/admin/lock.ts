import { LockAccount, lockedInWords } from '../../services/lock-account.ts';
import type { AdminPart } from './admin-part.ts';

/** `carebridge admin lock`: where the command room cannot be used. */
export const lock: AdminPart = {
  name: 'lock',
  words: [],
  summary: ['keeps somebody out until unlock; lines skip them', '--end-sessions  ends all their sessions as well'],

  async run({ host, request, options }) {
    const { target } = request;
    const endSessions = options['end-sessions'] === true;
    const { outcome, text } = await new LockAccount(host.accountParts()).run(request, { endSessions });
    const head = lockedInWords(target, outcome);
    return { outcome, text: `${head}\n${text}\nTo undo: carebridge admin unlock ${target}` };
  },
};
