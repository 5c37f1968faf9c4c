/** A process that adds texts to the inbox of the database given as JSON on its command line, and prints the id of each once it is acknowledged. */
import { openStorage } from '../../../src/storage/open-storage.ts';
import { inboxRow } from './builders.ts';
import { configFromJson } from './storage-bench.ts';

const storage = await openStorage(configFromJson(process.argv[2] ?? ''));
const addForEver = async () => {
  for (;;) {
    const row = await storage.inbox.add(inboxRow(), Date.now());
    process.stdout.write(`${row?.id}\n`);
  }
};
await Promise.all(Array.from({ length: 4 }, addForEver));
