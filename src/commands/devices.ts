import type { FindAccount } from '../services/find-account.ts';
import type { ListDevices } from '../services/list-devices.ts';
import { accountParameter, resolveAccount } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';

/** What the command needs. */
export interface DevicesCommandParts {
  readonly findAccount: FindAccount;
  readonly listDevices: ListDevices;
}

/** `devices [user]`: what acts as a user. */
export function devicesCommand({ findAccount, listDevices }: DevicesCommandParts): Command {
  return defineCommand({
    name: 'devices',
    summary: 'list the devices and sessions of an account',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'reads',
    parameters: { user: accountParameter('whose devices') },
    run: async (call, { user }) => {
      const target = await resolveAccount(findAccount, user, call);
      return { ...(await listDevices.list(target)), audit: { target } };
    },
  });
}
