import { expect } from 'chai';
import { readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCli } from '../../../src/cli/index.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { readRegistration } from '../../../src/matrix/registration.ts';
import { registrationSettings } from '../../../src/cli/registration-settings.ts';
import { configFolder } from '../../support/config-folder.ts';

async function register(path: string, env: Record<string, string> = {}) {
  const lines: string[] = [];
  const { signal } = new AbortController();
  const add = (line: string) => lines.push(line);
  const code = await runCli(['register', '--config', path], { env, signal, out: add, err: add });
  return { code, text: lines.join('\n') };
}

const MADE = [
  'secrets/phi.key',
  'secrets/crypto.passphrase',
  'secrets/kannel-webhook.secret',
  'secrets/audit-signing.key',
  'secrets/archive.key',
];

describe('carebridge register', () => {
  let path: string;
  let folder: string;

  beforeEach(async () => {
    path = await configFolder();
    folder = dirname(path);
    await rm(join(folder, 'secrets'), { recursive: true });
  });

  it('writes registration and keys, readable by their owner alone, and prints the lines for homeserver.yaml', async () => {
    const { code, text } = await register(path);
    expect(code, text).to.equal(0);
    expect(text).to.include(`# Carebridge\napp_service_config_files:\n  - "${join(folder, 'registration.yaml')}"\n`);
    for (const name of [...MADE, 'registration.yaml']) {
      const { mode } = await stat(join(folder, name));
      expect((mode & 0o777).toString(8), name).to.equal('600');
      expect(text).to.include(join(folder, name));
    }
    const config = loadConfig(path, {});
    expect(config.secrets.phiKeys).to.have.length(1);
    const { asToken, hsToken } = readRegistration(config.appservice.registration, registrationSettings(config));
    const secrets = [
      asToken,
      hsToken,
      ...(await Promise.all(MADE.map((name) => readFile(join(folder, name), 'utf8')))),
    ];
    expect(new Set(secrets)).to.have.property('size', MADE.length + 2);
    for (const secret of secrets) expect(text).not.to.include(secret.trim());
  });

  it('says so where a key cannot be written', async () => {
    // No folder, and none can be made there.
    await symlink(join(folder, 'gone', 'secrets'), join(folder, 'secrets'));
    const { code, text } = await register(path);
    expect(code).to.equal(1);
    expect(text).to.match(/^The key .*secrets.* cannot be written \(E\w+\)\. Check the folder and its owner\.$/m);
    expect(text).not.to.include('fault of Carebridge');
  });

  it('overwrites nothing', async () => {
    await register(path);
    const before = await Promise.all(
      [...MADE, 'registration.yaml'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    const { code, text } = await register(path);
    expect(code).to.equal(1);
    expect(text).to.include('exists and is kept');
    const after = await Promise.all([...MADE, 'registration.yaml'].map((name) => readFile(join(folder, name), 'utf8')));
    expect(after).to.deep.equal(before);
  });

  it('makes the key of a carrier added later', async () => {
    await register(path);
    await rm(join(folder, 'secrets/kannel-webhook.secret'));
    const { code, text } = await register(path);
    expect(code).to.equal(0);
    expect(text).to.include('Made the key').and.to.include('exists and is kept');
  });

  it('makes no PHI key where a database is there that an old one encrypted', async () => {
    await register(path);
    await rm(join(folder, 'secrets/phi.key'));
    await writeFile(join(folder, 'carebridge.db'), 'rows');
    const { code, text } = await register(path);
    expect(code).to.equal(1);
    expect(text).to.include('Restore the key from your backup');
    await expectMissing(join(folder, 'secrets/phi.key'));
  });

  it('makes no PHI key for a PostgreSQL database that may be in use', async () => {
    const env = { CAREBRIDGE_DATABASE_URL: 'postgres://u:p@127.0.0.1/carebridge' };
    expect(await register(path, env)).to.have.property('code', 0);
    await rm(join(folder, 'secrets/phi.key'));
    expect(await register(path, env)).to.have.property('code', 1);
    await expectMissing(join(folder, 'secrets/phi.key'));
  });

  it('writes nothing where the configuration is wrong', async () => {
    await writeFile(path, `${await readFile(path, 'utf8')}fax: true\n`);
    const { code, text } = await register(path);
    expect(code).to.equal(1);
    expect(text.split('\n')).to.have.length(1);
    for (const name of [...MADE, 'registration.yaml']) await expectMissing(join(folder, name));
  });
});

async function expectMissing(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error.code);
  expect(found, path).to.equal('ENOENT');
}
