/** The archive of what was said. */
import { phiKeys } from '../phi-keys.ts';
import { optional, secret, section } from '../setting.ts';
import { path, postgresUrl } from '../value-types.ts';

/** Where it is, and its key. */
export const archive = section(
  'The archive of what was said in patients’ rooms, apart from the rest (docs/archive.md).',
  {
    key: secret(phiKeys, {
      question: 'Which key encrypts it?',
      more: 'Another one than secrets.phi_key, so that whoever reads one reads not the other. More than one, a line each: the first encrypts, all decrypt.',
      leftOut: 'nothing is archived',
      made: { file: 'secrets/archive.key', encoding: 'base64', guards: 'archive' },
      example: 'secrets/archive.key',
    }),
    path: optional(path, {
      question: 'Which SQLite file?',
      example: 'archive.db',
      leftOut: 'archive.db, where url is not given either',
    }),
    url: secret(postgresUrl, {
      question: 'Which PostgreSQL database, another one than that of the bridge?',
      leftOut: 'SQLite',
      example: 'secrets/archive.url',
    }),
  },
);
