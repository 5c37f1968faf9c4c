import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.ts';
import { newOpaqueId } from '../model/ids.ts';
import type { AuditSigner, AuditVerifier } from '../ports/audit-signer.ts';

/** The Ed25519 keys of the audit log: the first private one signs, all verify. */
export class AuditKeys implements AuditSigner, AuditVerifier {
  readonly #private: KeyObject | undefined;
  readonly #public: ReadonlyMap<string, KeyObject>;

  /** `pem` holds keys one after another: private ones (PKCS8) and public ones (SPKI). Throws ConfigError where it holds none, or others. */
  constructor(pem: string) {
    const blocks = pem.match(/-----BEGIN (PRIVATE|PUBLIC) KEY-----[^-]+-----END \1 KEY-----/g) ?? [];
    const keys = blocks.map(readKey);
    this.#private = keys.find(({ type }) => type === 'private');
    this.#public = new Map(
      keys.map((key) => {
        const publicKey = key.type === 'private' ? createPublicKey(key) : key;
        return [idOf(publicKey), publicKey];
      }),
    );
    if (keys.length === 0) throw new ConfigError('The file of the audit signing key holds no key in PEM form.');
  }

  get keyId(): string {
    return idOf(createPublicKey(this.#signing()));
  }

  /** SPKI in PEM, for those who verify elsewhere. */
  get publicKey(): string {
    return createPublicKey(this.#signing()).export({ type: 'spki', format: 'pem' }).toString();
  }

  sign(bytes: Uint8Array): string {
    return sign(null, bytes, this.#signing()).toString('base64');
  }

  verify(keyId: string, bytes: Uint8Array, signature: string): 'good' | 'bad' | 'unknown-key' {
    const key = this.#public.get(keyId);
    if (key === undefined) return 'unknown-key';
    const given = Buffer.from(signature, 'base64');
    // Base64 may be written in several ways; only the one we write is taken, so that no byte of it can be another.
    return given.toString('base64') === signature && verify(null, bytes, key, given) ? 'good' : 'bad';
  }

  #signing(): KeyObject {
    if (this.#private === undefined) throw new ConfigError('The file of the audit signing key holds no private key.');
    return this.#private;
  }
}

/**
 * Reads the keys at `path`. Where there is no file and nothing was signed yet, it makes one that only its owner can read. Throws ConfigError where
 * there is none although something was signed, where others may read it, or where it is no key.
 */
export async function openAuditKeys(path: string, wasAnythingSigned: () => Promise<boolean>): Promise<AuditKeys> {
  try {
    return await readKeys(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (await wasAnythingSigned()) {
    throw new ConfigError(
      `There is no file ${path}, but the audit log holds checkpoints signed with it. Restore it from your backup. If it is lost, write a new key there, made ` +
        'with `openssl genpkey -algorithm ed25519`, and below it the old public key, so that the old checkpoints can still be verified.',
    );
  }
  await makeKeys(path);
  return readKeys(path);
}

async function readKeys(path: string): Promise<AuditKeys> {
  const { mode } = await stat(path);
  if (mode & 0o077) throw new ConfigError(`Others than its owner may read or change ${path}: run chmod 600 ${path}`);
  return new AuditKeys(await readFile(path, 'utf8'));
}

/** The file gets its name once it is on the disk, so that nobody ever reads half a key. */
async function makeKeys(path: string): Promise<void> {
  const temporary = `${path}.${newOpaqueId(8)}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await using file = await open(temporary, 'wx', 0o600);
    const { privateKey } = generateKeyPairSync('ed25519');
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await file.sync();
    await link(temporary, path);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    // Another process was faster.
    if (code === 'EEXIST') return;
    throw new ConfigError(`The audit signing key cannot be written to ${path} (${code}). Check its folder.`, [], {
      cause: error,
    });
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

function readKey(pem: string): KeyObject {
  try {
    const key = pem.includes('PRIVATE') ? createPrivateKey(pem) : createPublicKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below; the library's words may hold parts of the key.
  }
  throw new ConfigError('The file of the audit signing key holds something that is no Ed25519 key.');
}

function idOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}
