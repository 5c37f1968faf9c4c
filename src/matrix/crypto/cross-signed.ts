/**
 * Which devices in an answer of `POST /keys/query` their owners have cross-signed (Matrix specification, client-server API, cross-signing). Pure,
 * and the same for every encryption engine. Whatever is malformed is not signed.
 */
import { createPublicKey, verify } from 'node:crypto';
import type { UserId } from '../../model/ids.ts';
import { isDeeper } from '../json-depth.ts';

type Json = Readonly<Record<string, unknown>>;

/** A key with signatures has far fewer levels; deeper ones are not looked at, so that recursion is safe. */
const MAX_DEPTH = 16;
const MAX_DEVICE_ID = 255;

/** The ids of the user's devices that are not signed by the user's own identity, in their order. */
export function unsignedDevices(answer: Json, user: UserId): string[] {
  const devices = Object.entries(objectIn(objectIn(answer, 'device_keys'), user) ?? {});
  if (devices.length === 0) return [];
  const signingKey = selfSigningKey(answer, user);
  const isSigned = (id: string, device: unknown): boolean =>
    signingKey !== undefined &&
    isObject(device) &&
    device['user_id'] === user &&
    device['device_id'] === id &&
    isSignedBy(device, user, signingKey);
  return devices.filter(([id, device]) => id.length <= MAX_DEVICE_ID && !isSigned(id, device)).map(([id]) => id);
}

/** The key that signs the user's devices, where the user's master key has signed it. */
function selfSigningKey(answer: Json, user: UserId): string | undefined {
  const master = objectIn(objectIn(answer, 'master_keys'), user);
  const selfSigning = objectIn(objectIn(answer, 'self_signing_keys'), user);
  const masterKey = master && publicKey(master, user, 'master');
  const key = selfSigning && publicKey(selfSigning, user, 'self_signing');
  return masterKey !== undefined && key !== undefined && isSignedBy(selfSigning, user, masterKey) ? key : undefined;
}

function publicKey(signed: Json, user: UserId, usage: string): string | undefined {
  const { usage: usages, user_id: owner, keys } = signed;
  if (owner !== user || !Array.isArray(usages) || !usages.includes(usage) || !isObject(keys)) return undefined;
  const [[id, key] = [], ...others] = Object.entries(keys);
  return others.length === 0 && typeof key === 'string' && id === `ed25519:${key}` ? key : undefined;
}

function isSignedBy(signed: Json | undefined, user: UserId, key: string): boolean {
  if (signed === undefined || isDeeper(signed, MAX_DEPTH)) return false;
  const { signatures, unsigned: _, ...rest } = signed;
  const signature = isObject(signatures) ? objectIn(signatures, user)?.[`ed25519:${key}`] : undefined;
  if (typeof signature !== 'string') return false;
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(key) }, format: 'jwk' });
    return verify(null, Buffer.from(canonicalJson(rest)), publicKey, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** Keys sorted, no white space (Matrix specification, appendices, canonical JSON). */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`).join(',')}}`;
}

function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function objectIn(object: unknown, name: string): Json | undefined {
  const inner = isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
  return isObject(inner) ? inner : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
