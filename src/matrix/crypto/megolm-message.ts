/** What the content of an `m.room.encrypted` event says openly of itself. */

/** Position of a message: the session that encrypted it, and its index there, from 0. */
export interface MegolmPosition {
  readonly sessionId: string;
  readonly index: number;
}

/**
 * The position of a message, or undefined where the content is not Megolm's. The index is the first field of the ciphertext: version byte 3, tag 8, then a
 * varint (Megolm specification, "Message format"). It is authenticated by the message's MAC and signature, which only decryption checks.
 */
export function readPosition(content: Readonly<Record<string, unknown>>): MegolmPosition | undefined {
  const { algorithm, session_id: sessionId, ciphertext } = content;
  if (algorithm !== 'm.megolm.v1.aes-sha2' || typeof sessionId !== 'string' || typeof ciphertext !== 'string')
    return undefined;
  // 12 characters are 9 bytes: more than the three parts can take.
  const bytes = Buffer.from(ciphertext.slice(0, 12), 'base64');
  if (bytes[0] !== 3 || bytes[1] !== 8) return undefined;
  let index = 0;
  for (let place = 2; place < Math.min(bytes.length, 7); place++) {
    const byte = bytes[place] ?? 0;
    index += (byte & 0x7f) * 2 ** (7 * (place - 2));
    if (byte < 0x80) return { sessionId, index };
  }
  return undefined;
}
