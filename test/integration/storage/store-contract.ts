/** What the other storage ports promise. */
import { expect } from 'chai';
import { advances, type DeliveryState } from '../../../src/model/delivery.ts';
import type { AddressId, ContactId, ConversationId, EventId } from '../../../src/model/ids.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import {
  BOT,
  conversationId,
  inboxRow,
  LINE,
  matrixEvent,
  newGhost,
  notice,
  OTHER_LINE,
  OTHER_PATIENT,
  OTHER_ROOM,
  outboxRow,
  PATIENT,
  ROOM,
} from './builders.ts';
import type { StorageBench, StorageConfig } from './storage-bench.ts';

const NOW = 1_000_000;
const NONE: ReadonlySet<string> = new Set();
const STATES: readonly DeliveryState[] = [
  ...(['ready', 'sending', 'accepted', 'sent', 'delivered', 'failed', 'refused', 'unknown', 'parked'] as const),
];

/** Defines the tests of the repositories on `bench`. */
export function storeContract(bench: StorageBench): void {
  let config: StorageConfig;
  let storage: Storage;

  beforeEach(async () => {
    config = await bench.newConfig();
    storage = await openStorage(config);
  });
  afterEach(() => storage.close());

  const count = async (table: string, where = '1 = 1') =>
    Number((await bench.sql(config, `SELECT COUNT(*) FROM ${table} WHERE ${where}`))[0]);

  describe('inbox', () => {
    it('gives back what was added', async () => {
      const media = [{ url: 'https://carrier.test/1', contentType: 'image/jpeg' }];
      const given = inboxRow({ media, body: 'Zażółć 🤒\u0000', keyword: 'yes' });
      const added = await storage.inbox.add(given, NOW);
      expect(added).to.include({ ...given, attempts: 0, receivedAt: NOW });
      expect(await storage.inbox.deliveries.due(NOW, NONE, 1)).to.deep.equal([added]);
      expect(await storage.inbox.keywords.due(NOW, NONE, 1)).to.deep.equal([added]);
    });

    it('adds a repeated message once, even when done, and tells carriers apart', async () => {
      const row = inboxRow();
      const added = await storage.inbox.add(row, NOW);
      expect(await storage.inbox.add({ ...row, body: 'changed' }, NOW)).to.equal(undefined);
      await storage.inbox.deliveries.complete(added?.id ?? '');
      expect(await storage.inbox.add(row, NOW)).to.equal(undefined);
      expect(await storage.inbox.add({ ...row, carrier: 'kannel' }, NOW)).not.to.equal(undefined);
      expect(await count('inbox')).to.equal(2);
    });

    it('takes 100 repetitions at once as one row', async () => {
      const row = inboxRow();
      const added = await Promise.all(Array.from({ length: 100 }, () => storage.inbox.add(row, NOW)));
      expect(added.filter((one) => one !== undefined)).to.have.length(1);
      expect(await count('inbox')).to.equal(1);
    });

    it('commits 200 different messages at once, in order within each lane', async () => {
      const bodies = Array.from({ length: 200 }, (_, n) => `message ${n}`);
      await Promise.all(
        bodies.map((body, n) =>
          storage.inbox.add(inboxRow({ body, from: n % 2 === 0 ? PATIENT : OTHER_PATIENT }), NOW),
        ),
      );
      expect(await count('inbox')).to.equal(200);
      if (config.database.dialect === 'postgres') return;
      const seen: string[] = [];
      for (
        let [row] = await storage.inbox.deliveries.due(NOW, NONE, 1);
        row;
        [row] = await storage.inbox.deliveries.due(NOW, NONE, 1)
      ) {
        seen.push(row.body);
        await storage.inbox.deliveries.complete(row.id);
      }
      expect(seen).to.deep.equal(bodies);
    });

    it('makes lanes that tell (line, number) apart without telling the number', async () => {
      const { conversations } = storage;
      const lanes = [LINE, OTHER_LINE].flatMap((line) =>
        [PATIENT, OTHER_PATIENT].map((number) => conversations.inboxLane(line, number)),
      );
      expect(new Set(lanes)).to.have.length(4);
      expect(lanes.join()).not.to.match(/555012/);
      expect((await storage.inbox.add(inboxRow(), NOW))?.lane).to.equal(conversations.inboxLane(LINE, PATIENT));
    });
  });

  describe('outbox', () => {
    let conversation: ConversationId;

    beforeEach(async () => {
      conversation = await conversationId(storage);
    });

    it('gives back what was added, by id, event and queue', async () => {
      const eventId = '$event' as EventId;
      const given = outboxRow(conversation, { attachment: { url: 'mxc://x/y' }, eventId, roomId: ROOM });
      const added = await storage.outbox.add(given, NOW);
      const { cause: _cause, ...fields } = given;
      expect(added).to.include({ ...fields, state: 'ready', attempts: 0, createdAt: NOW, lane: conversation });
      expect(await storage.outbox.find(added?.id ?? '')).to.deep.equal(added);
      expect(await storage.outbox.findByEvent(eventId)).to.deep.equal(added);
      expect(await storage.outbox.due(NOW, NONE, 1)).to.deep.equal([added]);
      expect(await storage.outbox.find('nobody')).to.equal(undefined);
    });

    it('adds the same cause once', async () => {
      const row = outboxRow(conversation);
      const added = await Promise.all(Array.from({ length: 20 }, () => storage.outbox.add(row, NOW)));
      expect(added.filter((one) => one !== undefined)).to.have.length(1);
    });

    for (const from of STATES) {
      it(`moves from ${from} only forward`, async () => {
        for (const to of STATES) {
          const row = await storage.outbox.add(outboxRow(conversation), NOW);
          const id = row?.id ?? '';
          if (from !== 'ready') await storage.outbox.advance(id, from);
          const before = await storage.outbox.advance(id, to, { carrier: 'loopback' });
          const isForward = advances(from, to);
          expect(before?.state, `${from} -> ${to}`).to.equal(isForward ? from : undefined);
          expect((await storage.outbox.find(id))?.state, `${from} -> ${to}`).to.equal(isForward ? to : from);
        }
      });
    }

    it('advances once where many reports come at once', async () => {
      const row = await storage.outbox.add(outboxRow(conversation), NOW);
      const moved = await Promise.all(
        Array.from({ length: 20 }, () => storage.outbox.advance(row?.id ?? '', 'delivered')),
      );
      expect(moved.filter((one) => one !== undefined)).to.have.length(1);
    });

    it('keeps neither words nor number after hand-over, but what reports need', async () => {
      const eventId = '$event' as EventId;
      const row = await storage.outbox.add(outboxRow(conversation, { eventId, roomId: ROOM }), NOW);
      const id = row?.id ?? '';
      const before = await storage.outbox.advance(id, 'accepted', { carrier: 'loopback', carrierReference: 'ref-1' });
      expect(before).to.deep.equal(row);
      expect(await storage.outbox.due(NOW, NONE, 1)).to.deep.equal([]);
      expect(await count('outbox', 'content IS NULL')).to.equal(1);
      const found = await storage.outbox.findByCarrierReference('loopback', 'ref-1');
      expect(found).to.deep.equal({ ...row, state: 'accepted', body: '' });
      expect(await storage.outbox.findByCarrierReference('kannel', 'ref-1')).to.equal(undefined);
      await storage.outbox.advance(id, 'failed', { carrier: 'loopback', failure: 'landline' });
      expect(await storage.outbox.findByCarrierReference('loopback', 'ref-1')).to.include({ failure: 'landline' });
    });

    it('cancels only what has not begun to leave', async () => {
      const [one, two] = await Promise.all([1, 2].map(() => storage.outbox.add(outboxRow(conversation), NOW)));
      expect(await storage.outbox.cancel(one?.id ?? '')).to.equal(true);
      expect(await storage.outbox.markSending(one?.id ?? '')).to.equal(false);
      expect(await storage.outbox.find(one?.id ?? '')).to.include({ state: 'refused', body: '' });
      expect(await storage.outbox.markSending(two?.id ?? '')).to.equal(true);
      expect(await storage.outbox.cancel(two?.id ?? '')).to.equal(false);
    });

    it('finds what a dead process left in sending, but not what goes on to wait', async () => {
      const ids = await Promise.all(
        [1, 2, 3].map(async () => (await storage.outbox.add(outboxRow(conversation), NOW))?.id ?? ''),
      );
      for (const id of ids) await storage.outbox.markSending(id);
      await storage.outbox.retry(ids[1] ?? '', NOW, 'RetryableError', true);
      await storage.outbox.advance(ids[2] ?? '', 'accepted');
      await storage.close();
      storage = await openStorage(config);
      expect((await storage.outbox.findInterrupted()).map(({ id }) => id)).to.deep.equal([ids[0]]);
      expect((await storage.outbox.find(ids[1] ?? ''))?.state).to.equal('ready');
    });

    it('counts what went out', async () => {
      expect(await storage.outbox.countSent(conversation)).to.equal(0);
      for (const state of ['accepted', 'delivered', 'refused', 'ready'] as const) {
        const row = await storage.outbox.add(outboxRow(conversation), NOW);
        await storage.outbox.advance(row?.id ?? '', state);
      }
      expect(await storage.outbox.countSent(conversation)).to.equal(2);
    });
  });

  describe('notices', () => {
    it('adds the same cause once and gives it back', async () => {
      const given = notice({ notice: { kind: 'withdraw', remembered: 'key-notice:$1' } });
      expect(await storage.notices.add(given, NOW)).to.equal(true);
      expect(await storage.notices.add(given, NOW)).to.equal(false);
      const [row] = await storage.notices.due(NOW, NONE, 5);
      const { cause: _cause, ...fields } = given;
      expect(row).to.deep.include(fields);
    });
  });

  describe('matrix events', () => {
    it('commits a transaction once, whoever repeats it', async () => {
      const events = [matrixEvent(), matrixEvent()];
      const stored = await Promise.all(
        Array.from({ length: 10 }, () => storage.matrixEvents.addTransaction('1', events, NOW)),
      );
      expect(stored.filter((isNew) => isNew)).to.have.length(1);
      expect(await count('matrix_events')).to.equal(2);
    });

    it('leaves out an event that another transaction brought, or the same one twice', async () => {
      const event = matrixEvent({ content: { body: 'first' } });
      await storage.matrixEvents.addTransaction('1', [event, event], NOW);
      await storage.matrixEvents.addTransaction('2', [{ ...event, content: { body: 'second' } }, matrixEvent()], NOW);
      expect(await count('matrix_events')).to.equal(2);
      const [row] = await storage.matrixEvents.due(NOW, NONE, 1);
      expect(row?.event).to.deep.equal(event);
    });

    it('takes many events in their order', async () => {
      const events = Array.from({ length: 450 }, (_, n) =>
        matrixEvent({ origin_server_ts: n, content: { text: '\u0000 🤒 $1' } }),
      );
      await storage.matrixEvents.addTransaction('1', events, NOW);
      for (const expected of events.slice(0, 5)) {
        const [row] = await storage.matrixEvents.due(NOW, NONE, 1);
        expect(row?.event).to.deep.equal(expected);
        await storage.matrixEvents.complete(row?.id ?? '');
      }
      expect(await storage.matrixEvents.depth(NOW)).to.include({ waiting: 445 });
    });

    it('lets the room go on past an event set aside, and still wakes it with its room', async () => {
      await storage.matrixEvents.addTransaction('1', [matrixEvent(), matrixEvent()], NOW);
      const [one] = await storage.matrixEvents.due(NOW, NONE, 5);
      await storage.matrixEvents.setAside(one?.id ?? '');
      await storage.matrixEvents.retry(one?.id ?? '', NOW + 60_000, 'no-key', false);
      const [two] = await storage.matrixEvents.due(NOW, NONE, 5);
      expect(two?.id).not.to.equal(one?.id);
      await storage.matrixEvents.complete(two?.id ?? '');
      await storage.matrixEvents.wake(ROOM);
      expect((await storage.matrixEvents.due(NOW, NONE, 5)).map(({ id }) => id)).to.deep.equal([one?.id]);
    });

    it('wakes all rooms', async () => {
      await storage.matrixEvents.addTransaction('1', [matrixEvent(), matrixEvent({ room_id: OTHER_ROOM })], NOW);
      for (const { id } of await storage.matrixEvents.due(NOW, NONE, 5)) {
        await storage.matrixEvents.retry(id, NOW + 60_000, 'no-key', false);
      }
      await storage.matrixEvents.wake();
      expect(await storage.matrixEvents.due(NOW, NONE, 5)).to.have.length(2);
    });

    it('discards an event that was removed, and nothing else', async () => {
      const [event, other] = [matrixEvent(), matrixEvent({ room_id: OTHER_ROOM })];
      await storage.matrixEvents.addTransaction('1', [event, other], NOW);
      await storage.matrixEvents.discard(event.event_id);
      await storage.matrixEvents.discard('$unknown' as EventId);
      expect((await storage.matrixEvents.due(NOW, NONE, 5)).map((row) => row.event.event_id)).to.deep.equal([
        other.event_id,
      ]);
    });
  });

  describe('conversations', () => {
    it('makes one conversation, contact and ghost however many ask at once', async () => {
      const made = await Promise.all(
        Array.from({ length: 30 }, () => storage.conversations.findOrCreate(LINE, PATIENT, newGhost)),
      );
      expect(new Set(made.map(({ id }) => id))).to.have.length(1);
      expect(new Set(made.map(({ contact }) => contact.ghost))).to.have.length(1);
      expect([await count('contacts'), await count('addresses'), await count('conversations')]).to.deep.equal([
        1, 1, 1,
      ]);
    });

    it('shares the contact and address of a number between lines, and finds all', async () => {
      const one = await storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      const two = await storage.conversations.findOrCreate(OTHER_LINE, PATIENT, newGhost);
      await storage.conversations.findOrCreate(LINE, OTHER_PATIENT, newGhost);
      expect(two.id).not.to.equal(one.id);
      expect(two.address).to.deep.equal(one.address);
      expect(two.contact).to.deep.equal(one.contact);
      expect(await storage.conversations.findAddress(PATIENT)).to.deep.equal(one.address);
      expect(await storage.conversations.findByAddress(one.address.id)).to.have.deep.members([one, two]);
      expect(await storage.conversations.findAddress('+12125550199' as typeof PATIENT)).to.equal(undefined);
    });

    it('shows every change at once, by every way to find it', async () => {
      const { conversations } = storage;
      const made = await conversations.findOrCreate(LINE, PATIENT, newGhost);
      expect(made).to.include({ lineId: LINE, roomId: undefined, isIntroduced: false });
      expect(made.contact.name).to.equal(undefined);
      await conversations.setRoom(made.id, ROOM);
      await conversations.findByRoom(ROOM);
      await conversations.setRoom(made.id, OTHER_ROOM);
      await conversations.markIntroduced(made.id);
      await conversations.setName(made.contact, 'Ada Planted');
      const expected = {
        ...made,
        roomId: OTHER_ROOM,
        isIntroduced: true,
        contact: { ...made.contact, name: 'Ada Planted' },
      };
      expect(await conversations.findByRoom(ROOM)).to.equal(undefined);
      for (const found of [
        await conversations.find(made.id),
        await conversations.findByRoom(OTHER_ROOM),
        await conversations.findOrCreate(LINE, PATIENT, newGhost),
      ]) {
        expect(found).to.deep.equal(expected);
      }
      await storage.close();
      storage = await openStorage(config);
      expect(await storage.conversations.findByRoom(OTHER_ROOM)).to.deep.equal(expected);
    });

    it('remembers nothing of a transaction that was rolled back', async () => {
      const { conversations, transactions } = storage;
      const made = await conversations.findOrCreate(LINE, PATIENT, newGhost);
      await transactions
        .run(async () => {
          await conversations.setRoom(made.id, ROOM);
          expect((await conversations.findByRoom(ROOM))?.id).to.equal(made.id);
          await conversations.findOrCreate(OTHER_LINE, OTHER_PATIENT, newGhost);
          throw new Error('no');
        })
        .catch(() => undefined);
      expect(await conversations.findByRoom(ROOM)).to.equal(undefined);
      expect(await conversations.find(made.id)).to.deep.equal(made);
      expect(await conversations.findAddress(OTHER_PATIENT)).to.equal(undefined);
    });
  });

  describe('consents', () => {
    const record = (addressId: AddressId, contactId: ContactId, cause: string, at = NOW) => ({
      ...{ addressId, contactId, cause, at, actor: 'patient', evidence: 'YES please' },
      ...({ state: 'granted', method: 'sms', wordingVersion: '2026-11' } as const),
    });

    it('appends each cause once, answers the newest and all in order', async () => {
      const { address } = await storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      expect(await storage.consents.latest(address.id)).to.equal(undefined);
      const first = record(address.id, address.contactId, 'inbox:1', NOW + 10);
      expect(await storage.consents.append(first)).to.equal(true);
      expect(await storage.consents.append(first)).to.equal(false);
      // The clock was set back meanwhile.
      expect(await storage.consents.append({ ...first, state: 'revoked', cause: 'inbox:2', at: NOW })).to.equal(true);
      expect(await storage.consents.latest(address.id)).to.deep.include({
        ...first,
        state: 'revoked',
        cause: 'inbox:2',
        at: NOW,
      });
      expect((await storage.consents.history(address.id)).map(({ cause }) => cause)).to.deep.equal([
        'inbox:1',
        'inbox:2',
      ]);
    });

    const CHANGES = ["UPDATE consents SET state = 'none'", 'DELETE FROM consents'];
    for (const change of CHANGES) {
      it(`refuses ${change} from whoever connects`, async () => {
        const { address } = await storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
        await storage.consents.append(record(address.id, address.contactId, 'inbox:1'));
        const refused = await bench.sql(config, change).then(
          () => 'done',
          (error: unknown) => String(error),
        );
        expect(refused).to.match(/append-only/);
        expect((await storage.consents.latest(address.id))?.state).to.equal('granted');
      });
    }
  });

  it('settings: keeps and replaces', async () => {
    expect(await storage.settings.get('command-room')).to.equal(undefined);
    await storage.settings.set('command-room', ROOM);
    await storage.settings.set('command-room', OTHER_ROOM);
    expect(await storage.settings.get('command-room')).to.equal(OTHER_ROOM);
  });

  it('media: indexes a file once', async () => {
    const entry = {
      eventId: '$e' as EventId,
      roomId: ROOM,
      mxc: 'mxc://hospital.test/a',
      sha256: 'ab'.repeat(32),
      at: NOW,
    };
    await storage.media.add(entry);
    await storage.media.add(entry);
    expect(await count('media')).to.equal(1);
  });

  describe('transactions', () => {
    it('commit or roll back several repositories together', async () => {
      const { transactions, notices, settings, inbox } = storage;
      const fault = new TypeError('a bug of the caller');
      const failed = await transactions
        .run(async () => {
          await notices.add(notice({ cause: 'a' }), NOW);
          await settings.set('x', 'y');
          await inbox.add(inboxRow(), NOW);
          throw fault;
        })
        .catch((error: unknown) => error);
      expect(failed).to.equal(fault);
      expect([await count('notices'), await count('settings'), await count('inbox')]).to.deep.equal([0, 0, 0]);
      const result = await transactions.run(async () => {
        await notices.add(notice({ cause: 'a' }), NOW);
        await transactions.run(() => settings.set('x', 'y'));
        return 'result';
      });
      expect(result).to.equal('result');
      expect([await count('notices'), await count('settings')]).to.deep.equal([1, 1]);
    });

    it('show their changes to themselves before the commit and to others after it', async () => {
      const inside = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const running = storage.transactions.run(async () => {
        await storage.settings.set('x', 'new');
        expect(await storage.settings.get('x')).to.equal('new');
        inside.resolve();
        await goOn.promise;
      });
      await inside.promise;
      expect(await storage.settings.get('x')).to.equal(undefined);
      goOn.resolve();
      await running;
      expect(await storage.settings.get('x')).to.equal('new');
    });

    it('run hooks after the commit, outside; never after a rollback; at once where there is none', async () => {
      const { transactions, settings } = storage;
      const seen: string[] = [];
      let later: Promise<void> | undefined;
      await transactions.run(async () => {
        await settings.set('x', 'y');
        transactions.afterCommit(() => {
          seen.push('hook');
          later = settings.get('x').then((value) => void seen.push(String(value)));
        });
        seen.push('work');
      });
      await later;
      await transactions
        .run(async () => {
          transactions.afterCommit(() => seen.push('never'));
          throw new Error('no');
        })
        .catch(() => undefined);
      transactions.afterCommit(() => seen.push('at once'));
      expect(seen).to.deep.equal(['work', 'hook', 'y', 'at once']);
    });

    it('leave what they started and did not wait for to itself', async () => {
      const later = Promise.withResolvers<void>();
      let detached: Promise<void> | undefined;
      await storage.transactions.run(async () => {
        detached = later.promise.then(() => storage.settings.set('detached', 'yes'));
      });
      later.resolve();
      await detached;
      expect(await storage.settings.get('detached')).to.equal('yes');
    });

    it('run beside each other and beside single writes without finding the database busy', async () => {
      const { transactions, notices, inbox } = storage;
      await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          await inbox.add(inboxRow(), NOW);
          await transactions.run(async () => {
            await notices.add(notice({ cause: `n${n}` }), NOW);
            await inbox.add(inboxRow(), NOW);
          });
          await storage.settings.set(`k${n}`, 'v');
        }),
      );
      expect([await count('inbox'), await count('notices'), await count('settings')]).to.deep.equal([80, 40, 40]);
    });

    it('one faulty write does not take others with it', async () => {
      const outcomes = await Promise.allSettled([
        storage.settings.set('a', '1'),
        storage.outbox.add(outboxRow('nobody' as ConversationId), NOW),
        storage.settings.set('b', '2'),
        storage.notices.add(notice({ sender: BOT }), NOW),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(await storage.settings.get('b')).to.equal('2');
    });
  });
}
