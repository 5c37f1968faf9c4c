/** A process that verifies the audit log of the SQLite file named on its command line, and prints how long it took and how much memory it had. */
import { loadConfig } from '../src/config/load-config.ts';
import { AuditPublicKeys, openAuditKey } from '../src/services/audit-keys.ts';
import { VerifyAudit } from '../src/services/verify-audit.ts';
import { openStorage } from '../src/storage/open-storage.ts';

const [path = ''] = process.argv.slice(2);
const config = loadConfig(path, process.env);
await using storage = await openStorage(config);
const key = await openAuditKey(config.audit.signingKey, storage.auditTrail);
if (key === undefined) throw new Error('no key');
const head = (await storage.auditTrail.head())?.seq ?? 0;
/** MB: what was in use at the start of each tenth of the rows, garbage collected before; and the highest resident memory. */
const tenths: number[] = [];
let residentMb = 0;
const { gc } = globalThis;
if (gc === undefined) throw new Error('to be run with --expose-gc');
const { auditTrail } = storage;
const startedAt = performance.now();
const verdict = await new VerifyAudit({
  trail: {
    async rows(after, limit) {
      const tenth = Math.min(9, Math.floor((10 * after) / head));
      residentMb = Math.max(residentMb, process.memoryUsage.rss() / 1e6);
      if (tenths[tenth] === undefined) {
        gc();
        const { heapUsed, external } = process.memoryUsage();
        tenths[tenth] = (heapUsed + external) / 1e6;
      }
      return auditTrail.rows(after, limit);
    },
    checkpoints: (after, limit) => auditTrail.checkpoints(after, limit),
    lastCheckpoint: () => auditTrail.lastCheckpoint(),
  },
  verifier: new AuditPublicKeys([key.publicKey]),
  onFault: ({ where, number, problem }) => process.stderr.write(`${where} ${number} ${problem}\n`),
}).run();
process.stdout.write(JSON.stringify({ ...verdict, ms: performance.now() - startedAt, tenths, residentMb }));
