import type { UserId } from '../model/ids.ts';

/** Which devices their owners have vouched for. */
export interface DeviceTrust {
  /**
   * The ids of each user's devices that are not cross-signed by their owner; users without such devices are left out. From memory for users
   * who were asked for before and whose devices did not change since. Users of a server that does not answer are left out as well. Throws
   * RetryableError while the homeserver is away.
   */
  unverified(users: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly string[]>>;
}
