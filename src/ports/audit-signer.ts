/** Signs in the name of this installation (Ed25519). */
export interface AuditSigner {
  /** Names the key: the first 16 hex digits of the SHA-256 of its SPKI form. */
  readonly keyId: string;
  /** Base64. */
  sign(bytes: Uint8Array): string;
}

/** Checks signatures against the keys that whoever checks trusts. */
export interface AuditVerifier {
  verify(keyId: string, bytes: Uint8Array, signature: string): 'good' | 'bad' | 'unknown-key';
}
