import type { DeviceLabel } from '../model/device-label.ts';
import type { EventId, UserId } from '../model/ids.ts';

/** A device as the sign-in watch knows it. */
export interface WatchedDevice {
  readonly userId: UserId;
  readonly device: DeviceLabel;
  /** Unix ms, when the watch first saw it. */
  readonly firstSeenAt: number;
  /** Networks it was seen from: /24 and /48 prefixes. */
  readonly networks: readonly string[];
  /** What was told of it already, e.g. `unused`. */
  readonly told: readonly string[];
}

/** What the sign-in watch remembers. */
export interface WatchedDeviceStore {
  of(user: UserId): Promise<readonly WatchedDevice[]>;
  /** Keeps it in place of what there is. */
  set(device: WatchedDevice): Promise<void>;
  /** Forgets it, and the notices about it. */
  remove(user: UserId, device: DeviceLabel): Promise<void>;
  /** Keeps that this event tells of this device. Safe to repeat. */
  addNotice(event: EventId, device: Pick<WatchedDevice, 'userId' | 'device'>): Promise<void>;
  /** The device that the event tells of; undefined where it tells of none, or where that is gone. */
  ofNotice(event: EventId): Promise<Pick<WatchedDevice, 'userId' | 'device'> | undefined>;
}
