/** A process that opens the database given as JSON on standard input, prints the schema version and a lane, and ends. */
import { text } from 'node:stream/consumers';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { LINE, PATIENT } from './builders.ts';
import { configFromJson } from './storage-bench.ts';

await using storage = await openStorage(configFromJson(await text(process.stdin)));
process.stdout.write(`${storage.schemaVersion} ${storage.conversations.inboxLane(LINE, PATIENT)}`);
