import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { openAuditKey } from '../services/audit-keys.ts';
import { KnownGovernedRooms } from '../services/known-governed-rooms.ts';
import { openArchive } from '../storage/archive/open-archive.ts';
import { beOnlyBridge } from '../storage/be-only-bridge.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { UnreadableRow } from '../storage/storage-parts.ts';

/** Opens the databases and what is read from them first; `closing` closes them. `onUnreadable` as for `openStorage`. Throws ConfigError where one cannot be used. */
export async function openStores(
  config: Config,
  onUnreadable: (row: UnreadableRow) => Promise<void>,
  closing: AsyncDisposableStack,
  log: Logger,
) {
  // Before the schema is touched: the other one may be of another version.
  const only = closing.use(await beOnlyBridge(config.database, log));
  const storage = closing.use(await openStorage(config, onUnreadable));
  const archive = await openArchive(config.archive);
  if (archive === undefined) log.warn('archive.off');
  else closing.use(archive);
  const auditKey = await openAuditKey(config.audit.signingKey, storage.auditTrail);
  if (auditKey === undefined) log.warn('audit.unsigned');
  return { only, storage, archive, auditKey, governedRooms: new KnownGovernedRooms(storage.governedRooms) };
}
