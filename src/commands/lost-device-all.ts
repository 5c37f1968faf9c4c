import type { FindAccount } from '../services/find-account.ts';
import { describeDevice, devicesIn, nameOf } from '../services/list-devices.ts';
import type { LostDevice } from '../services/lost-device.ts';
import {
  accountParameter,
  answerOf,
  lockNext,
  requestOf,
  resolveAccount,
  SECOND_PERSON_AGREES,
} from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter } from './parameters.ts';

/** What the command needs. */
export interface LostDeviceAllCommandParts {
  readonly findAccount: FindAccount;
  readonly lostDevice: LostDevice;
}

/** `lost-device all @user`: everything that acts as the user, after a confirmation. */
export function lostDeviceAllCommand({ findAccount, lostDevice }: LostDeviceAllCommandParts): Command {
  return defineCommand({
    name: 'lost-device all',
    summary: 'end all sessions of an account',
    details: 'Only the sessions end; then you are asked whether to lock the account as well.',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'destroys',
    parameters: { user: accountParameter('whose sessions'), reason: optional(reasonParameter('why')) },
    preview: async (call, { user }) => {
      const target = await resolveAccount(findAccount, user, call);
      const { account, devices } = await lostDevice.look({ actor: call.sender, target });
      const text = [
        `Ends all sessions of ${nameOf(target, account.displayName)}, ${devicesIn(devices.length)}:`,
        ...devices.map((device) => `  ${describeDevice(device)}`),
        ...(account.isAdmin === true ? [SECOND_PERSON_AGREES] : []),
      ].join('\n');
      // Not the devices: whoever is to be kept out could sign in anew before each yes.
      return { text, facts: { user: target } };
    },
    run: async (call, { user, reason }) => {
      const target = await resolveAccount(findAccount, user, call);
      const result = await lostDevice.run(requestOf(call, target, reason), undefined);
      const head =
        result.outcome === 'done'
          ? `${target} is signed out everywhere.`
          : `${target} may still be signed in somewhere.`;
      return { ...answerOf(head, result, target), next: lockNext(target) };
    },
  });
}
