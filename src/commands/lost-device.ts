import { DEVICE_LABEL, labelOf, type DeviceLabel } from '../model/device-label.ts';
import type { UserId } from '../model/ids.ts';
import type { FindAccount } from '../services/find-account.ts';
import { describeDevice, devicesIn, lostDeviceLine, nameOf } from '../services/list-devices.ts';
import type { LostDevice } from '../services/lost-device.ts';
import { accountParameter, answerOf, isExact, lockNext, requestOf, resolveAccount } from './account-argument.ts';
import { defineCommand, type Command, type GivenCommand, type ReadArguments } from './command.ts';
import { optional, wordParameter } from './parameters.ts';

/** What the command needs. */
export interface LostDeviceCommandParts {
  readonly findAccount: FindAccount;
  readonly lostDevice: LostDevice;
  readonly prefix: string;
}

/**
 * `lost-device @user DEVICE`: an emergency. Where both are written in full it is done at once, without asking back; where anything is left out, nothing is
 * ended, and what is there is listed with the lines that end it.
 */
export function lostDeviceCommand(parts: LostDeviceCommandParts): Command {
  const { findAccount, lostDevice, prefix } = parts;

  async function list(target: UserId, actor: UserId): Promise<string> {
    const { account, devices } = await lostDevice.look({ actor, target });
    return [
      `Nothing was ended. ${nameOf(target, account.displayName)} has ${devicesIn(devices.length)}:`,
      // Above the list, which may be longer than a message.
      `To end all of them: ${prefix} lost-device all ${target}`,
      ...devices.map((device) => `  ${describeDevice(device)}\n    ${prefix} ${lostDeviceLine(target, device)}`),
    ].join('\n');
  }

  return defineCommand({
    name: 'lost-device',
    summary: 'end the session of a lost device: at once if user id and device id are given',
    details:
      'Without a device, lists them. Only the session ends; then you are asked whether to lock the account as well. A device that is offline keeps what it has decrypted already.',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'changes',
    parameters: {
      user: accountParameter('whose device'),
      device: optional(
        wordParameter<DeviceLabel>('which device', {
          pattern: DEVICE_LABEL,
          form: 'a device, as `devices` shows it',
          isOpaque: true,
        }),
      ),
    },
    preview: async (call, { user, device }) => {
      const target = await resolveAccount(findAccount, user, call);
      if (!isExact(user) || device === undefined)
        return { text: await list(target, call.sender), facts: { user: target }, isNothingToDo: true };
      const { account, devices } = await lostDevice.look({ actor: call.sender, target });
      const found = devices.find(({ deviceId }) => labelOf(deviceId) === device);
      const which = found === undefined ? `${device}, which is not in the list` : describeDevice(found);
      return {
        text: `This would end at once, of ${nameOf(target, account.displayName)}: ${which}`,
        facts: { user: target, device },
      };
    },
    run: async (call, { user, device }) => {
      const target = await resolveAccount(findAccount, user, call);
      // A name may fit somebody else tomorrow; an id does not.
      if (!isExact(user) || device === undefined)
        return { text: await list(target, call.sender), audit: { target, details: { ended: false } } };
      const result = await lostDevice.run(requestOf(call, target, undefined), device);
      return { ...answerOf(headOf(result.outcome, device, target), result, target), next: lockNext(target) };
    },
  });
}

/** The command for a device that a notice tells of: who and which as they were stored, never read from words. */
export function givenLostDevice(about: { readonly userId: UserId; readonly device: DeviceLabel }): GivenCommand {
  const args = { user: about.userId, device: about.device };
  return { name: 'lost-device', args: args as object as ReadArguments };
}

function headOf(outcome: string, device: DeviceLabel, target: UserId): string {
  if (outcome === 'done') return `Device ${device} of ${target} is signed out.`;
  return `Device ${device} of ${target} may still be signed in.`;
}
