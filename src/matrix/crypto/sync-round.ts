/** Between rounds, unless something came for us. ms. */
const ROUND_MS = 1_000;
/** The same where more than BUSY messages left since the last: a round costs the homeserver as much as some six messages. ms. */
const BUSY_ROUND_MS = 3_000;
const BUSY = 20;

/** How long the bot waits before it asks for its keys again, where `sent` messages of our own users left since it last asked. ms. */
export function roundMs(sent: number): number {
  return sent > BUSY ? BUSY_ROUND_MS : ROUND_MS;
}
