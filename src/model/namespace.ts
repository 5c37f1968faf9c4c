import { localpartOf, newOpaqueId, serverOf, type UserId } from './ids.ts';

/** Of the registration's sender. Never the bot: Synapse answers 500 to the sender's `/sync`, and the bot needs one. */
export const SENDER_LOCALPART = '_carebridge';

/** The users that belong to the bridge: the bot, and every localpart that starts with the ghost prefix. */
export interface Namespace {
  readonly bot: UserId;
  readonly ghostPrefix: string;
  readonly domain: string;
}

/** True for the bot, the registration's sender and ghosts: nobody who reads. */
export function isOurs(namespace: Namespace, user: UserId): boolean {
  if (user === namespace.bot) return true;
  return serverOf(user) === namespace.domain && localpartOf(user).startsWith(namespace.ghostPrefix);
}

/** A ghost that no one uses yet. Its localpart tells nothing. */
export function newGhost(namespace: Namespace): UserId {
  return `@${namespace.ghostPrefix}${newOpaqueId(20)}:${namespace.domain}` as UserId;
}
