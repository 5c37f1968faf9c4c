/** The configuration of a database, for what is measured without a homeserver. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of the key that signs the audit log, and of the other secrets. */
export const SEED = createHash('sha256').update('the benchmark').digest();

const CONFIG = `homeserver: { domain: hospital.example }
practice: { name: Bench, contact: "+1 212 555 0100" }
admins: ["@admin:hospital.example"]
carriers:
  loopback: { type: loopback, url: "http://127.0.0.1:9", secret_file: secret }
lines:
  - { id: front-desk, number: "+12125550100", team: ["@nurse:hospital.example"] }
secrets: { phi_key_file: phi }
encryption: { passphrase_file: secret }
audit: { signing_key_file: seed }
`;

/** Writes it and its secrets into the folder; returns its path. */
export async function writeStorageConfig(folder: string): Promise<string> {
  const secrets = { secret: 'benchmark-secret-0123', phi: SEED.toString('base64'), seed: SEED.toString('base64') };
  for (const [name, words] of Object.entries(secrets)) await writeFile(join(folder, name), words, { mode: 0o600 });
  const path = join(folder, 'config.yaml');
  await writeFile(path, CONFIG);
  return path;
}
