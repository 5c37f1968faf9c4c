/** A process that opens the database given as JSON on its command line, appends so many audit entries, every third one in a transaction, and ends. */
import { openStorage } from '../../../src/storage/open-storage.ts';
import { auditEntry } from './audit-builders.ts';
import { configFromJson } from './storage-bench.ts';

const [json = '', name = '', count = '0'] = process.argv.slice(2);
await using storage = await openStorage(configFromJson(json));
for (let n = 0; n < Number(count); n++) {
  // Two processes append some entries under the same id: a step that was repeated.
  const entry = auditEntry({ id: n % 5 === 0 ? `shared-${n}` : `${name}-${n}` });
  if (n % 3 !== 0) await storage.audit.append(entry);
  else
    await storage.transactions.run(async () => {
      await storage.settings.set(`${name}-${n}`, 'done');
      await storage.audit.append(entry);
    });
}
