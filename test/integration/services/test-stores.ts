import { createHash } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Stores } from '../../support/fakes/memory-storage.ts';

/** The stores of one test, in an SQLite file of their own. */
export interface TestStores extends AsyncDisposable {
  readonly stores: Stores;
  /** What the retention sweep does from time to time. */
  wipeFinished(): Promise<void>;
}

const key = new Uint8Array(32).fill(7);
const id = createHash('sha256').update(key).digest('hex').slice(0, 8);

/** Made once; each test gets a copy. */
let folder: Promise<string> | undefined;
let count = 0;

/** Opens new, empty stores. Bodies are wiped as soon as their rows are done, as strictly as can be configured. */
export async function openTestStores(): Promise<TestStores> {
  folder ??= makeTemplate();
  const path = join(await folder, `${++count}.sqlite`);
  await copyFile(join(await folder, 'template.sqlite'), path);
  const storage = await open(path);
  const {
    conversations,
    consents,
    identities,
    archiveQueue,
    inbox,
    outbox,
    notices,
    matrixEvents,
    parked,
    settings,
    media,
    transactions,
  } = storage;
  const { roles, policyVersions, governedRooms, emergencyAccess, confirmations, audit, watchedDevices } = storage;
  return {
    stores: {
      conversations,
      consents,
      identities,
      archiveQueue,
      inbox,
      outbox,
      notices,
      settings,
      media,
      transactions,
      events: matrixEvents,
      parked,
      roles,
      policyVersions,
      governedRooms,
      emergencyAccess,
      confirmations,
      audit,
      watchedDevices,
    },
    wipeFinished: async () => void (await storage.wipeFinished(Date.now())),
    async [Symbol.asyncDispose]() {
      await storage.close();
      await rm(path, { force: true });
    },
  };
}

async function makeTemplate(): Promise<string> {
  // In memory where there is such a folder: these tests are about services, not about the disk.
  const path = await tempDir('services', '/dev/shm');
  await (await open(join(path, 'template.sqlite'))).close();
  return path;
}

function open(path: string) {
  return openStorage({
    database: { dialect: 'sqlite', path },
    secrets: { phiKeys: [{ id, key }] },
    retention: { wipeAfterMs: 0 },
  });
}
