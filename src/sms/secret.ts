import { createHash, timingSafeEqual } from 'node:crypto';

/** True where both are the same; the time it takes tells nothing about either, their lengths included. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
