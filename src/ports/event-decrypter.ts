import type { MatrixEvent } from '../model/rows.ts';

/** What an encrypted event turned out to be. */
export type Decrypted =
  | { readonly outcome: 'clear'; readonly type: string; readonly content: Readonly<Record<string, unknown>> }
  /** The key has not come (yet). */
  | { readonly outcome: 'no-key' }
  /** Decrypted, but by a device whose owner did not vouch for it: the author is not proven. */
  | { readonly outcome: 'untrusted' }
  /** Can never be decrypted (malformed, replayed). */
  | { readonly outcome: 'broken' };

/** Decrypts for the whole bridge with the bot's device. */
export interface EventDecrypter {
  decrypt(event: MatrixEvent): Promise<Decrypted>;
}
