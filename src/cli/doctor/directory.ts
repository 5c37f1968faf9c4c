import { LdapDirectory } from '../../identity/ldap-directory.ts';
import { silentLogger } from '../../log.ts';
import type { Check } from './check.ts';

/** Does the directory answer, and are the mapped groups there? */
export const directory: Check = {
  title: 'ask the directory',
  needs: [],
  async run({ config }) {
    if (config.directory === undefined) return [];
    const { url } = config.directory;
    const tried = `read the people and the mapped groups of ${url}`;
    const source = new LdapDirectory(config.directory, config.homeserver.domain, silentLogger);
    const problem = await source.check();
    if (problem === undefined) return [{ status: 'ok', tried, result: 'complete' }];
    const fix = 'compare the section `directory` with the server; docs/roles.md has examples and an ldapsearch line';
    return [{ status: 'FAIL', tried, result: problem, fix }];
  },
};
