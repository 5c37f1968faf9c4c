import { COMMAND_ROOM_SETTING, Notifier } from '../../../src/services/notifier.ts';
import { ReportParked } from '../../../src/services/report-parked.ts';
import { TellSender } from '../../../src/services/tell-sender.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { BOT, ROOM } from './builders.ts';
import type { StorageConfig } from './storage-bench.ts';

/** Opens the database as the bridge does: what cannot be decrypted is told to the command room. `around` is called before and after that. */
export async function openAndTell(
  config: StorageConfig,
  around: (when: 'before' | 'after') => void = () => undefined,
): Promise<Storage> {
  const storage: Storage = await openStorage(config, async (row) => {
    around('before');
    await report.unreadable(row);
    around('after');
  });
  const notifier = new Notifier({ ...storage, bot: BOT, wake: () => undefined });
  const tell = new TellSender(storage.conversations, notifier);
  const report = new ReportParked({ ...storage, notifier, tell, prefix: '!care' });
  await storage.settings.set(COMMAND_ROOM_SETTING, ROOM);
  return storage;
}
