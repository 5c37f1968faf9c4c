import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import type { AuditSigner, AuditVerifier } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';

/** What stands before the seed in the PKCS8 form of an Ed25519 key (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/** Checks signatures with Ed25519 public keys. */
export class AuditPublicKeys implements AuditVerifier {
  readonly #keys: ReadonlyMap<string, KeyObject>;

  constructor(keys: readonly KeyObject[]) {
    this.#keys = new Map(keys.map((key) => [idOf(key), key]));
  }

  /** The keys in `pem`, SPKI blocks one after another. Throws ConfigError where there is none, or another kind. */
  static fromPem(pem: string): KeyObject[] {
    const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
    try {
      const keys = blocks.map((block) => createPublicKey(block));
      if (keys.length > 0 && keys.every(({ asymmetricKeyType }) => asymmetricKeyType === 'ed25519')) return keys;
    } catch {
      // Said below.
    }
    throw new ConfigError('The public key file does not hold an Ed25519 public key in PEM form.');
  }

  verify(keyId: string, bytes: Uint8Array, signature: string): 'good' | 'bad' | 'unknown-key' {
    const key = this.#keys.get(keyId);
    if (key === undefined) return 'unknown-key';
    const given = Buffer.from(signature, 'base64');
    // Base64 may be written in several ways; only the one we write is taken, so that no byte of it can be another.
    return given.toString('base64') === signature && verify(null, bytes, key, given) ? 'good' : 'bad';
  }
}

/** The key that signs for this installation. */
export class AuditKey implements AuditSigner {
  readonly #key: KeyObject;
  readonly keyId: string;
  readonly publicKey: KeyObject;

  /** `seed`: 32 bytes, as `audit.signing_key` has them. */
  constructor(seed: Uint8Array) {
    if (seed.length !== SEED_BYTES) throw new ConfigError(`The audit signing key is not ${SEED_BYTES} bytes long.`);
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.#key);
    this.keyId = idOf(this.publicKey);
  }

  /** SPKI in PEM, for those who verify elsewhere. */
  get pem(): string {
    return this.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  sign(bytes: Uint8Array): string {
    return sign(null, bytes, this.#key).toString('base64');
  }
}

function idOf(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex').slice(0, 16);
}

/**
 * The key of this installation, or undefined where none is configured. Throws ConfigError where none is configured although checkpoints were signed: whoever
 * takes the key away would otherwise have the log unsigned from then on.
 */
export async function openAuditKey(
  seed: Uint8Array | undefined,
  trail: Pick<AuditTrail, 'lastCheckpoint'>,
): Promise<AuditKey | undefined> {
  if (seed !== undefined) return new AuditKey(seed);
  if ((await trail.lastCheckpoint()) === undefined) return undefined;
  throw new ConfigError(
    'The audit log holds signed checkpoints, but audit.signing_key is missing. Restore the key from your backup. If it is lost, run `carebridge register`, ' +
      'which makes a new one, and keep the old public key: `carebridge audit verify --public-key FILE` needs it for the old checkpoints.',
  );
}
