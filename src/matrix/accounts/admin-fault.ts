/** Why an admin API that answered did not do what it was asked. */
export type AdminFault = 'busy' | 'failing' | 'token-not-accepted' | 'account-locked' | 'not-permitted' | 'refused';

/** What may pass by itself is tried again. What an operator must mend first is said at once. */
export const IS_RETRIED: Readonly<Record<AdminFault, boolean>> = {
  busy: true,
  failing: true,
  'token-not-accepted': false,
  'account-locked': false,
  'not-permitted': false,
  refused: false,
};

/** The fault that an answer is; undefined where it is none. */
export function faultOf({ status, errcode }: { status: number; errcode?: string | undefined }): AdminFault | undefined {
  if (status < 300) return undefined;
  if (status >= 500) return 'failing';
  switch (status) {
    case 401:
      return errcode === 'M_USER_LOCKED' ? 'account-locked' : 'token-not-accepted';
    case 403:
      return 'not-permitted';
    case 429:
      return 'busy';
    default:
      return 'refused';
  }
}

/** What to do about a fault that does not pass; undefined where that depends on what was asked. `credential`: as in a sentence, e.g. `accounts.admin_token`. */
export function remedyOf(fault: AdminFault, credential: string): string | undefined {
  switch (fault) {
    case 'token-not-accepted':
      return `The token of ${credential} is not valid there: renew it. ${DOCTOR} whether it is accepted.`;
    case 'account-locked':
      return `The account of ${credential} is locked: unlock it, or use another. ${DOCTOR} whether it is accepted.`;
    case 'not-permitted':
      return `Its admin credential may not do this (${credential}): see "Account control" in docs/install.md. ${DOCTOR} what it may.`;
    default:
      return undefined;
  }
}

const DOCTOR = '`carebridge doctor` shows';
