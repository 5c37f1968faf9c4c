/** A process that is the only bridge on the database given as JSON on its command line, says so, and stays. */
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../src/log.ts';
import { beOnlyBridge } from '../../../src/storage/be-only-bridge.ts';
import { configFromJson } from './storage-bench.ts';

await using only = await beOnlyBridge(configFromJson(process.argv[2] ?? '').database, silentLogger);
process.stdout.write(`${only.problem ?? 'alone'}\n`);
await sleep(60_000);
