import type { UserId } from '../model/ids.ts';

/** Which devices their owners have vouched for. */
export interface DeviceTrust {
  /**
   * The ids of each user's devices that are not cross-signed by their owner; users without such devices are left out. From memory for users whose
   * devices are followed already. Throws RetryableError while it is not known.
   */
  unverified(users: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly string[]>>;
}
