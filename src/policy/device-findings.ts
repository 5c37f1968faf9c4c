import type { DeviceLabel } from '../model/device-label.ts';
import { networkOf } from './network-of.ts';

/** A device now. */
export interface SeenDevice {
  readonly device: DeviceLabel;
  /** Unix ms; a few minutes late. */
  readonly lastSeenAt: number | undefined;
  readonly ip: string | undefined;
}

/** The same device as it was remembered. */
export interface RememberedDevice {
  readonly device: DeviceLabel;
  readonly firstSeenAt: number;
  readonly networks: readonly string[];
  readonly told: readonly string[];
}

/** What is worth a notice. `idle`: it is signed out. */
export type FindingKind = 'new-device' | 'new-network' | 'unverified' | 'unused' | 'idle';

/** What the watch looks for. ms. */
export interface WatchLimits {
  /** Unused for longer than this is told, once. */
  readonly unusedMs: number;
  /** Unused for longer than this is signed out (C2); undefined: never. */
  readonly idleMs: number | undefined;
  /** People need a while to verify a new device. */
  readonly verifyWithinMs: number;
}

/** When a device was used is known some minutes late. */
export const LAST_SEEN_LATE_MS = 300_000;
/** The oldest are forgotten: phones change networks all the time. */
const MAX_NETWORKS = 50;

/** What is to be told of one device, and what to remember of it. `known` undefined: it is new. `userNetworks`: those of all of the user's devices. */
export function findAbout(
  seen: SeenDevice,
  known: RememberedDevice | undefined,
  facts: {
    readonly userNetworks: ReadonlySet<string>;
    /** undefined: not known now. */
    readonly isUnverified: boolean | undefined;
    readonly now: number;
    readonly limits: WatchLimits;
  },
): { readonly findings: readonly FindingKind[]; readonly remember: RememberedDevice } {
  const { userNetworks, isUnverified, now, limits } = facts;
  const { device, lastSeenAt, ip } = seen;
  const firstSeenAt = known?.firstSeenAt ?? now;
  const network = ip === undefined ? undefined : networkOf(ip);
  const usedAt = Math.max(lastSeenAt ?? 0, lastSeenAt === undefined ? firstSeenAt : 0);
  const restsFor = now - usedAt;
  const told = new Set(known?.told);
  const findings: FindingKind[] = [];
  if (known === undefined) findings.push('new-device');
  else if (network !== undefined && !userNetworks.has(network)) findings.push('new-network');
  if (isUnverified === true && now - firstSeenAt >= limits.verifyWithinMs) tellOnce('unverified');
  if (isUnverified === false) told.delete('unverified');
  if (limits.idleMs !== undefined && restsFor > limits.idleMs + LAST_SEEN_LATE_MS) findings.push('idle');
  else if (restsFor > limits.unusedMs) tellOnce('unused');
  if (restsFor <= limits.unusedMs) told.delete('unused');
  const networks = [...new Set([...(known?.networks ?? []), ...(network === undefined ? [] : [network])])];
  return { findings, remember: { device, firstSeenAt, networks: networks.slice(-MAX_NETWORKS), told: [...told] } };

  function tellOnce(kind: FindingKind): void {
    if (told.has(kind)) return;
    told.add(kind);
    findings.push(kind);
  }
}
