/** Signatures of the loopback carrier, the same both ways. They bind the body to what it is for and to the minute it was made. */
import { createHmac } from 'node:crypto';
import { isSameSecret } from '../secret.ts';

export const TIMESTAMP_HEADER = 'x-loopback-timestamp';
export const SIGNATURE_HEADER = 'x-loopback-signature';

/** A signature older or newer than this is refused, so that a request caught on the way cannot be used later. */
export const REPLAY_WINDOW_MS = 5 * 60_000;

/** What is signed. `target` is `webhook` towards us, and `METHOD /path` towards the carrier. */
export interface Signed {
  readonly target: string;
  readonly body: Uint8Array;
}

/** The two headers that prove that whoever has `secret` made this request now. */
export function signatureHeaders(secret: string, signed: Signed, now = Date.now()): Record<string, string> {
  const timestamp = String(now);
  return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: sign(secret, signed, timestamp) };
}

/** Why the headers prove nothing, or undefined where they do. The signature is compared in constant time, and before the clock is looked at. */
export function signatureProblem(
  secret: string,
  signed: Signed,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  now = Date.now(),
): string | undefined {
  const timestamp = headers[TIMESTAMP_HEADER];
  const signature = headers[SIGNATURE_HEADER];
  if (typeof timestamp !== 'string' || typeof signature !== 'string') return 'no signature';
  if (!isSameSecret(signature, sign(secret, signed, timestamp))) return 'wrong signature';
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > REPLAY_WINDOW_MS) return 'signature too old';
  return undefined;
}

function sign(secret: string, { target, body }: Signed, timestamp: string): string {
  const hmac = createHmac('sha256', secret).update(`v1\n${timestamp}\n${target}\n`).update(body);
  return `v1=${hmac.digest('hex')}`;
}
