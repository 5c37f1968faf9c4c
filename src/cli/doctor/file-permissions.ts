import { statSync } from 'node:fs';
import type { Check, Finding } from './check.ts';

/** Can others on this machine read what they must not? (Files of single secrets are looked at when the configuration is loaded.) */
export const filePermissions: Check = {
  title: 'look at the permissions of files',
  needs: [],
  async run({ config, configPath }) {
    const files: [path: string, what: string, status: 'warn' | 'FAIL'][] = [
      [config.appservice.registration, 'the registration file, which holds the tokens', 'FAIL'],
      [config.encryption.store, 'the crypto store', 'FAIL'],
      [configPath, 'the configuration file, which may hold secrets', 'warn'],
    ];
    if (config.database.dialect === 'sqlite') files.push([config.database.path, 'the database', 'warn']);
    const { database: archive } = config.archive;
    if (archive.dialect === 'sqlite') files.push([archive.path, 'the archive', 'warn']);
    return files.flatMap(([path, what, status]) => look(path, what, status) ?? []);
  },
};

function look(path: string, what: string, status: 'warn' | 'FAIL'): Finding | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  // Its being there is another check's concern.
  if (stat === undefined) return undefined;
  const tried = `see who may read ${what} (${path})`;
  if ((stat.mode & 0o077) === 0) return { status: 'ok', tried, result: 'only its owner' };
  return { status, tried, result: 'others too', fix: `run chmod ${stat.isDirectory() ? '700' : '600'} ${path}` };
}
