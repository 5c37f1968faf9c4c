import { createHash } from 'node:crypto';
import type { Brand } from './ids.ts';

/**
 * How a device id is written wherever people read it and the bridge keeps it. Whoever signs in chooses the id: up to 512 characters of any kind, spaces,
 * characters without width, a leading `@` or `--`, and none at all (Synapse and MAS check no more than the length). A label is one plain word of at most 64
 * characters that no command takes for anything else, different ids have different ones, and an id as clients make them is its own.
 */
export type DeviceLabel = Brand<string, 'DeviceLabel'>;

/** Of no device: for what is kept of a user rather than of one. */
export const NO_DEVICE = '' as DeviceLabel;

const MAX_LENGTH = 64;
/** The unreserved characters of RFC 3986, section 2.3. A hyphen in front would begin an option. */
const PLAIN = /^[A-Za-z0-9._~-]$/;
const DIGEST_LENGTH = 32;

/** `PHONE` of `PHONE`, `PHONE\u{200b}` where a space without width follows it; what is longer, or empty, ends in `+` and a part of its SHA-256. */
export function labelOf(deviceId: string): DeviceLabel {
  const escaped = Array.from(deviceId, (character, index) =>
    PLAIN.test(character) && !(index === 0 && character === '-') ? character : escape(character),
  ).join('');
  if (escaped !== '' && escaped.length <= MAX_LENGTH) return escaped as DeviceLabel;
  const digest = createHash('sha256').update(escaped).digest('hex').slice(0, DIGEST_LENGTH);
  return `${escaped.slice(0, MAX_LENGTH - DIGEST_LENGTH - 1)}+${digest}` as DeviceLabel;
}

/** A word that looks like a label. Whether there is such a device is for who acts on it. */
export const DEVICE_LABEL = /^(?!-)[A-Za-z0-9._~\\{}+-]{1,64}$/;

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
