/** What the sign-in watch says of a device. */
import type { UserId } from '../model/ids.ts';
import { END_DEVICE_SIGN } from '../model/rows.ts';
import type { FindingKind } from '../policy/device-findings.ts';
import type { AccountDevice } from '../ports/accounts.ts';
import { describeDevice, lostDeviceLine } from './list-devices.ts';

/** What there is a notice for: an idle device is signed out instead. */
export type NoticeKind = Exclude<FindingKind, 'idle'>;

const WORDS: Readonly<Record<NoticeKind, string>> = {
  'new-device': 'signed in on a new device',
  'new-network': 'uses a device from a new network',
  unverified: 'has a device that they have not verified',
  unused: 'has a device that has not been used for a long time',
};

/** The notice in words, with both ways of ending the device. `prefix` of commands, e.g. `!care`. */
export function deviceNotice(kind: NoticeKind, userId: UserId, device: AccountDevice, prefix: string): string {
  const { userAgent } = device;
  return [
    `${userId} ${WORDS[kind]}:`,
    `  ${describeDevice(device)}${userAgent === undefined ? '' : `, ${userAgent}`}`,
    `Not theirs? React with ${END_DEVICE_SIGN}, or type: ${prefix} ${lostDeviceLine(userId, device)}`,
  ].join('\n');
}
