/** The audit log. */
import { secret, section, setting } from '../setting.ts';
import { interval, path, seed } from '../value-types.ts';

/** Signing. */
export const audit = section('The audit log: append-only, each entry chained to the one before.', {
  signing_key: secret(seed, {
    question: 'Which key signs its head (Ed25519)?',
    more: 'Keep a copy apart from the database: whoever has both can rewrite the log.',
    leftOut: 'not signed',
    made: { file: 'secrets/audit-signing.key', encoding: 'base64' },
    example: 'secrets/audit-signing.key',
  }),
  sign_every: setting(interval, {
    question: 'How often is the head signed, and posted to the security room?',
    fallback: '24h',
  }),
  checkpoint_file: setting(path, {
    question: 'In which file is the last signed checkpoint remembered?',
    more: 'Apart from the database, and not in its backups: it is what shows that the database was rewritten. See docs/audit.md.',
    fallback: 'audit-checkpoint.json',
  }),
});
