import { newOpaqueId } from '../model/ids.ts';
import type { AccountDevice } from '../ports/accounts.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { WatchedDevice } from '../ports/watched-device-store.ts';
import { deviceNotice, type NoticeKind } from './device-notice.ts';
import type { TellSecurity } from './tell-security.ts';

/** What telling needs. */
export interface TellSignInParts {
  readonly audit: AuditLog;
  readonly security: TellSecurity;
  /** Of commands, e.g. `!care`. */
  readonly prefix: string;
  readonly now?: () => number;
}

/** Phones change networks all the time, and an unused device has waited for weeks: nobody is called for those. */
const ALARMS: ReadonlySet<NoticeKind> = new Set(['new-device', 'unverified']);

/** Tells the security room and the audit log what is new or odd about a device; in the transaction of whoever calls. */
export async function tellSignIn(
  { security, audit, prefix, now = Date.now }: TellSignInParts,
  kind: NoticeKind,
  { userId, device, firstSeenAt, networks }: WatchedDevice,
  listed: AccountDevice,
): Promise<void> {
  const about =
    kind === 'new-network'
      ? (networks.at(-1) ?? '')
      : kind === 'unused'
        ? String(listed.lastSeenAt)
        : String(firstSeenAt);
  const id = `sign-in:${userId}:${device}:${kind}:${about}:${kind === 'unverified' ? now() : ''}`;
  const trace = newOpaqueId(8);
  await audit.append({
    id,
    action: `sign-in.${kind}`,
    actor: 'carebridge',
    cause: 'sign-in watch',
    outcome: 'done',
    target: userId,
    trace,
    details: { device, ip: listed.ip ?? null, lastSeenAt: listed.lastSeenAt ?? null },
  });
  const text = deviceNotice(kind, userId, listed, prefix);
  await security.tell(text, { cause: id, trace, device: { userId, device }, isAlarm: ALARMS.has(kind) });
}
