/** Configuration files of tests, in folders of their own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from './temp-dir.ts';

/** The least that a file must say. */
export const MINIMAL = `homeserver:
  domain: hospital.example
practice:
  name: Mercy Clinic
  contact: +1 212 555 0100
admins: ["@admin:hospital.example"]
carriers:
  kannel:
    type: kannel
    password_file: kannel.password
lines:
  - id: front-desk
    number: +12125550100
    team: ["@nurse:hospital.example"]
`;

/** A key that is plainly one of a test. */
export const TEST_KEY = Buffer.from('carebridge test key of 32 bytes!').toString('base64');

/** A folder with config.yaml and every secret of the minimal file. Returns the path of config.yaml. */
export async function configFolder(text = MINIMAL): Promise<string> {
  const folder = await tempDir('config');
  const config = join(folder, 'config.yaml');
  await mkdir(join(folder, 'secrets'));
  const files = {
    'kannel.password': 'kannel password',
    'secrets/phi.key': TEST_KEY,
    'secrets/crypto.passphrase': 'crypto passphrase for tests',
    'secrets/kannel-webhook.secret': 'webhook-secret-for-tests',
  };
  for (const [name, words] of Object.entries(files)) await writeFile(join(folder, name), `${words}\n`, { mode: 0o600 });
  await writeFile(config, text, { mode: 0o600 });
  return config;
}
