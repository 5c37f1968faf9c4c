import { labelOf } from '../model/device-label.ts';
import { newOpaqueId, type UserId } from '../model/ids.ts';
import type { AccountDevice } from '../ports/accounts.ts';
import { describeChange, outcomeOf, rotateFor, type AccountServiceParts } from './act-on-account.ts';

/** Signs a device out that was idle for longer than the role allows, `idleMs`, and tells the security room (C2). The line in the audit log comes first. */
export async function signOutIdle(
  parts: AccountServiceParts,
  userId: UserId,
  listed: AccountDevice,
  idleMs: number,
): Promise<void> {
  const { accounts, audit, security, transactions, watchedDevices } = parts;
  const { deviceId, lastSeenAt } = listed;
  const device = labelOf(deviceId);
  const id = `idle-sign-out:${userId}:${device}:${lastSeenAt ?? 'never'}`;
  const trace = newOpaqueId(8);
  const common = { action: 'account.idle-sign-out', actor: 'carebridge', target: userId, trace } as const;
  const cause = `unused for longer than ${Math.round(idleMs / 60_000)} minutes`;
  await audit.append({
    ...common,
    cause,
    id: `${id}:begun`,
    outcome: 'done',
    before: { device: JSON.parse(JSON.stringify(listed)) as unknown },
  });
  const change = await accounts.endDevice(userId, deviceId);
  if (change.verified.length > 0) await rotateFor(parts, userId);
  await transactions.run(async () => {
    await audit.append({ ...common, cause, id: `${id}:ended`, outcome: outcomeOf(change), details: change });
    await security.tell(`${userId}: device ${device} was ${cause}.\n${describeChange(change)}`, {
      cause: `${id}:told`,
      trace,
    });
    if (change.done) await watchedDevices.remove(userId, device);
  });
}
