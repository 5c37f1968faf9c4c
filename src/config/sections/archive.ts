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
      more: 'Not the same as secrets.phi_key, so that whoever can read one cannot read the other. For several keys, one per line: the first encrypts, all decrypt.',
      leftOut: 'nothing is archived',
      made: { file: 'secrets/archive.key', encoding: 'base64', guards: 'archive' },
      example: 'secrets/archive.key',
    }),
    path: optional(path, {
      question: 'Which SQLite file?',
      example: 'archive.db',
      leftOut: 'archive.db, unless url is given',
    }),
    url: secret(postgresUrl, {
      question: 'Which PostgreSQL database (not the bridge’s own)?',
      leftOut: 'SQLite',
      example: 'secrets/archive.url',
    }),
  },
);
