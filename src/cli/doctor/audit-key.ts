import { AuditKey } from '../../services/audit-keys.ts';
import { askDatabase } from './ask-database.ts';
import type { Check } from './check.ts';

const tried = 'sign the audit log';

/** Is there a key that signs the audit log, or was there one? */
export const auditKey: Check = {
  title: tried,
  needs: [],
  async run({ config }) {
    const { signingKey } = config.audit;
    if (signingKey !== undefined)
      return [{ status: 'ok', tried, result: `with key ${new AuditKey(signingKey).keyId} (audit.signing_key)` }];
    const last = await askDatabase(config, (storage) => storage.auditTrail.lastCheckpoint());
    if (last === undefined) {
      const fix = 'run carebridge register, which makes secrets/audit-signing.key';
      return [
        {
          status: 'warn',
          tried,
          result: 'there is no audit.signing_key: a log rewritten as a whole is not found',
          fix,
        },
      ];
    }
    const fix =
      'restore secrets/audit-signing.key from your backup: without it Carebridge does not start. If it is lost, see "Keys" in docs/audit.md';
    return [{ status: 'FAIL', tried, result: 'it was signed before, and audit.signing_key is missing', fix }];
  },
};
