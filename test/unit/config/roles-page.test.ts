import { dirname, join } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { loadConfig } from '../../../src/config/load-config.ts';
import { configFolder, MINIMAL } from '../../support/config-folder.ts';
import { read } from '../../support/source-files.ts';

const ROLES = `
roles:
  - id: icu-nurse
    permissions: [use-commands]
`;

describe('docs/roles.md', () => {
  const examples = [...read('docs/roles.md').matchAll(/```yaml\n(directory:\n.*?)```/gs)].map(([, yaml = '']) => yaml);

  it('has an example for OpenLDAP and one for Active Directory', () => expect(examples).to.have.length(2));

  for (const example of examples) {
    it(`gives a configuration that is taken: ${/url: (.*)/.exec(example)?.[1]}`, async () => {
      const path = await configFolder(`${MINIMAL}${ROLES}${example}`);
      const folder = dirname(path);
      await mkdir(join(folder, 'secrets'), { recursive: true });
      await writeFile(join(folder, 'secrets/ldap.password'), 'ldap password\n', { mode: 0o600 });
      await writeFile(join(folder, 'ldap-ca.pem'), 'PEM\n');
      const { directory } = loadConfig(path, {});
      expect(directory?.groups[0]?.role).to.equal('icu-nurse');
      expect(directory?.password).to.equal('ldap password');
    });
  }
});
