/** A process that gives up what cannot be decrypted in the inbox of the database given as JSON on its command line, and dies at the step named there. */
import { openAndTell } from './open-and-tell.ts';
import { configFromJson } from './storage-bench.ts';

const [, , config = '', dieAt] = process.argv;
const die = () => process.kill(process.pid, 'SIGKILL');
const storage = await openAndTell(configFromJson(config), (when) => void (when === dieAt && die()));
await storage.inbox.deliveries.due(Date.now(), new Set(), 1);
die();
