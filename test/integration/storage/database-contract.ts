/** What the database as a whole promises: opening, keys, schema, retention, and what is on the disk. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { ConfigError } from '../../../src/errors.ts';
import type { AddressId, ContactId, EventId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { KEEP_FINISHED_MS } from '../../../src/storage/wipe-finished.ts';
import {
  BOT,
  conversationId,
  inboxRow,
  LINE,
  matrixEvent,
  newGhost,
  notice,
  outboxRow,
  PATIENT,
  ROOM,
} from './builders.ts';
import { configToJson, newPhiKey, type StorageBench, type StorageConfig } from './storage-bench.ts';

const NOW = 1_000_000;
const NONE: ReadonlySet<string> = new Set();
const DAY = 24 * 60 * 60_000;

/** Defines the tests of the whole on `bench`. */
export function databaseContract(bench: StorageBench): void {
  const count = async (config: StorageConfig, table: string, where = '1 = 1') =>
    Number((await bench.sql(config, `SELECT COUNT(*) FROM ${table} WHERE ${where}`))[0]);
  const refusal = async (config: StorageConfig): Promise<ConfigError> => {
    const opened = await openStorage(config).catch((error: unknown) => error);
    if (opened instanceof ConfigError) return opened;
    if (!(opened instanceof Error)) await (opened as Storage).close();
    throw new Error('it was not refused', { cause: opened });
  };

  it('refuses a database with another key and says what to do', async () => {
    const config = await bench.newConfig();
    await (await openStorage(config)).close();
    const { message } = await refusal({ ...config, secrets: { phiKeys: [newPhiKey()] } });
    expect(message).to.include(config.secrets.phiKeys[0]?.id ?? '?');
    expect(message).to.match(/not configured\. Put that key back .* cannot be read\.$/);
    expect(await count(config, 'phi_keys')).to.equal(1);
  });

  it('refuses a key that has the right id and the wrong bytes', async () => {
    const config = await bench.newConfig();
    await (await openStorage(config)).close();
    const [right] = config.secrets.phiKeys;
    const { message } = await refusal({ ...config, secrets: { phiKeys: [{ ...newPhiKey(), id: right?.id ?? '' }] } });
    expect(message).to.match(/does not open this database\. Check /);
  });

  it('finds and reads everything after the keys were rotated', async () => {
    const config = await bench.newConfig();
    const old = await openStorage(config);
    const made = await old.conversations.findOrCreate(LINE, PATIENT, newGhost);
    await old.conversations.setName(made.contact, 'Ada Planted');
    const lane = old.conversations.inboxLane(LINE, PATIENT);
    await old.close();
    const rotated = { ...config, secrets: { phiKeys: [newPhiKey(), ...config.secrets.phiKeys] } };
    for (let times = 0; times < 2; times++) {
      await using storage = await openStorage(rotated);
      const found = await storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      expect(found).to.deep.equal({ ...made, contact: { ...made.contact, name: 'Ada Planted' } });
      expect(storage.conversations.inboxLane(LINE, PATIENT)).to.equal(lane);
      await storage.inbox.add(inboxRow(), NOW);
      const [row] = await bench.sql(config, 'SELECT content FROM inbox ORDER BY seq DESC LIMIT 1');
      expect(row).to.match(new RegExp(`^1\\.${rotated.secrets.phiKeys[0]?.id}\\.`));
    }
    expect((await refusal(config)).message).to.include(rotated.secrets.phiKeys[0]?.id);
  });

  it('refuses a newer schema, naming both versions, and changes nothing', async () => {
    const config = await bench.newConfig();
    const storage = await openStorage(config);
    const { schemaVersion } = storage;
    await storage.close();
    await bench.sql(config, "INSERT INTO schema_migrations (version, name, applied_at) VALUES (907, 'later', 0)");
    const { message } = await refusal(config);
    expect(message).to.match(new RegExp(`schema version 907, .* only up to version ${schemaVersion}\\. .*\\.$`));
    expect(await count(config, 'schema_migrations')).to.equal(schemaVersion + 1);
  });

  it('is made once by five processes that start at the same time', async function () {
    this.timeout(60_000);
    const config = await bench.newConfig();
    const outputs = await Promise.all(Array.from({ length: 5 }, () => openElsewhere(config)));
    const storage = await openStorage(config);
    const expected = `${storage.schemaVersion} ${storage.conversations.inboxLane(LINE, PATIENT)}`;
    await storage.close();
    expect(outputs).to.deep.equal(Array.from({ length: 5 }, () => expected));
    expect(await count(config, 'schema_migrations')).to.equal(storage.schemaVersion);
    expect(await count(config, 'phi_keys')).to.equal(1);
  });

  it('can be closed twice, and takes nothing afterwards', async () => {
    const storage = await openStorage(await bench.newConfig());
    expect(await storage.check()).to.equal(undefined);
    await storage.close();
    await storage.close();
    const failed = await storage.inbox.add(inboxRow(), NOW).catch((error: unknown) => error);
    expect(failed).to.have.property('name', 'RetryableError');
    expect(await storage.check()).to.be.a('string');
  });

  it('finishes what was asked before it was closed', async () => {
    const config = await bench.newConfig();
    const storage = await openStorage(config);
    const adding = Array.from({ length: 20 }, () => storage.inbox.add(inboxRow(), NOW));
    await storage.close();
    const done = (await Promise.allSettled(adding)).filter(({ status }) => status === 'fulfilled');
    expect(await count(config, 'inbox')).to.equal(done.length);
    expect(done).to.have.length(20);
  });

  it('has none of what was planted in its bytes, and after the end not even what was encrypted', async () => {
    const config = await bench.newConfig();
    const planted = await plant(config);
    const before = await bench.bytes(config);
    for (const text of planted.texts) expect(before.includes(text), text).to.equal(false);
    if (config.database.dialect === 'postgres') return;
    const kept = await bench.sql(config, 'SELECT content FROM inbox UNION ALL SELECT content FROM matrix_events');
    expect(kept).to.have.length(2);
    for (const content of kept) expect(before.includes(content)).to.equal(true);
    const storage = await openStorage(config);
    for (const queue of [storage.inbox.deliveries, storage.matrixEvents]) {
      for (const { id } of await queue.due(NOW, NONE, 10)) await queue.complete(id);
    }
    await storage.close();
    const after = await bench.bytes(config);
    for (const content of kept) expect(after.includes(content.slice(20, 60))).to.equal(false);
  });

  describe('retention', () => {
    const CONTENT = 'content IS NOT NULL';

    async function fill(wipeAfterMs: number): Promise<{ config: StorageConfig; storage: Storage }> {
      const config = { ...(await bench.newConfig()), retention: { wipeAfterMs } };
      const storage = await openStorage(config);
      const conversation = await conversationId(storage);
      for (let n = 0; n < 2; n++) {
        await storage.inbox.add(inboxRow(), NOW);
        await storage.outbox.add(outboxRow(conversation), NOW);
        await storage.notices.add(notice(), NOW);
        await storage.matrixEvents.addTransaction(`${n}`, [matrixEvent()], NOW);
      }
      const [sent] = await storage.outbox.due(NOW, NONE, 1);
      await storage.outbox.advance(sent?.id ?? '', 'accepted', { carrier: 'loopback', carrierReference: 'r' });
      for (const queue of [storage.inbox.deliveries, storage.notices, storage.matrixEvents]) {
        const [row] = await queue.due(NOW, NONE, 1);
        await queue.complete(row?.id ?? '');
      }
      return { config, storage };
    }
    const TABLES = ['inbox', 'outbox', 'notices', 'matrix_events'];

    it('wipes at the end where it is configured so', async () => {
      const { config, storage } = await fill(0);
      for (const table of TABLES) expect(await count(config, table, CONTENT), table).to.equal(1);
      await storage.close();
    });

    it('else wipes by the sweep, when the time has come and only what is finished', async () => {
      const { config, storage } = await fill(DAY);
      for (const table of TABLES) expect(await count(config, table, CONTENT), table).to.equal(2);
      expect(await storage.wipeFinished(Date.now() + DAY - 60_000)).to.deep.equal({ wiped: 0, removed: 2 });
      expect(await storage.wipeFinished(Date.now() + DAY + 60_000)).to.deep.equal({ wiped: 4, removed: 0 });
      for (const table of TABLES) expect(await count(config, table, CONTENT), table).to.equal(1);
      expect(await storage.outbox.findByCarrierReference('loopback', 'r')).to.include({ body: '', to: PATIENT });
      await storage.close();
    });

    it('removes finished rows when nobody repeats them any more, and unfinished ones never', async () => {
      const { config, storage } = await fill(0);
      await storage.wipeFinished(Date.now() + KEEP_FINISHED_MS - DAY);
      for (const table of TABLES) expect(await count(config, table), table).to.equal(2);
      const { removed } = await storage.wipeFinished(Date.now() + KEEP_FINISHED_MS + DAY);
      expect(removed).to.equal(4);
      for (const table of TABLES) expect(await count(config, table), table).to.equal(1);
      await storage.close();
    });

    it('keeps parked texts of patients, and lets other parked rows go with the time', async () => {
      const config = await bench.newConfig();
      await using storage = await openStorage(config);
      await storage.inbox.add(inboxRow(), NOW);
      await storage.notices.add(notice(), NOW);
      await storage.matrixEvents.addTransaction('1', [matrixEvent()], NOW);
      for (const queue of [storage.inbox.deliveries, storage.notices, storage.matrixEvents]) {
        const [row] = await queue.due(NOW, NONE, 1);
        await queue.park(row?.id ?? '', 'PermanentError');
      }
      await storage.wipeFinished(Date.now() + KEEP_FINISHED_MS + DAY);
      expect(await count(config, 'inbox', CONTENT)).to.equal(1);
      expect([await count(config, 'notices'), await count(config, 'matrix_events')]).to.deep.equal([0, 0]);
    });

    it('sweeps more than it does in one statement', async () => {
      const config = { ...(await bench.newConfig()), retention: { wipeAfterMs: 1 } };
      await using storage = await openStorage(config);
      await storage.matrixEvents.addTransaction(
        '1',
        Array.from({ length: 1_100 }, () => matrixEvent()),
        NOW,
      );
      await bench.sql(config, 'UPDATE matrix_events SET run_at = NULL, finished_at = 5');
      expect(await storage.wipeFinished(6)).to.deep.equal({ wiped: 1_100, removed: 0 });
      expect(await storage.wipeFinished(KEEP_FINISHED_MS + 5)).to.deep.equal({ wiped: 0, removed: 1_100 });
    });
  });
}

/** Opens the database in another process; returns what that says. */
async function openElsewhere(config: StorageConfig): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'open-once.ts')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(configToJson(config));
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return problems === '' ? output : problems;
}

/** Puts PHI that can be searched for into every table, and closes the database. */
async function plant(config: StorageConfig): Promise<{ texts: string[] }> {
  const number = '+12125550177' as PhoneNumber;
  const storage = await openStorage(config);
  const { id, contact, address } = await storage.conversations.findOrCreate(LINE, number, newGhost);
  await storage.conversations.setName(contact, 'Plantagenet Wilhelmina');
  const media = [{ url: 'https://carrier.test/plantedmedia', contentType: 'image/jpeg' }];
  await storage.inbox.add(inboxRow({ from: number, body: 'plantedtext of the inbox', media }), NOW);
  await storage.outbox.add(
    outboxRow(id, { to: number, body: 'plantedtext of the outbox', attachment: { url: 'mxc://plantedattachment' } }),
    NOW,
  );
  await storage.notices.add(notice({ notice: { kind: 'message', text: 'plantedtext of the notice' } }), NOW);
  const event = matrixEvent({ type: 'm.plantedtype', sender: BOT, content: { body: 'plantedtext of the event' } });
  await storage.matrixEvents.addTransaction('1', [event], NOW);
  const sha256 = '1234567890abcdef'.repeat(4);
  await storage.media.add({ eventId: '$e' as EventId, roomId: ROOM, mxc: 'mxc://a/b', sha256, at: NOW });
  await storage.consents.append({
    contactId: contact.id satisfies ContactId,
    addressId: address.id satisfies AddressId,
    cause: 'c',
    at: NOW,
    ...({
      state: 'granted',
      method: 'verbal',
      wordingVersion: '1',
      actor: BOT,
      evidence: 'plantedtext of the evidence',
    } as const),
  });
  await storage.close();
  return { texts: ['planted', 'Plantagenet', 'Wilhelmina', '2125550177', '5550177', sha256] };
}
