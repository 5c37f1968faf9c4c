import type { FindAccount } from '../services/find-account.ts';
import type { Whois } from '../services/whois.ts';
import { accountParameter, resolveAccount } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';

/** What the command needs. */
export interface WhoisCommandParts {
  readonly findAccount: FindAccount;
  readonly whois: Whois;
}

/** `whois [user]`: everything that is known of an account. */
export function whoisCommand({ findAccount, whois }: WhoisCommandParts): Command {
  return defineCommand({
    name: 'whois',
    summary: 'show an account: state, roles, lines, devices, where it was used from',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'reads',
    parameters: { user: accountParameter('whose account') },
    run: async (call, { user }) => {
      const target = await resolveAccount(findAccount, user, call);
      return { ...(await whois.look(target)), audit: { target } };
    },
  });
}
