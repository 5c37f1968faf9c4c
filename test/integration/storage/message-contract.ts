/** What the inbox, the notices and the Matrix events promise beyond their queues. */
import { expect } from 'chai';
import type { EventId } from '../../../src/model/ids.ts';
import {
  inboxRow,
  LINE,
  matrixEvent,
  notice,
  OTHER_LINE,
  OTHER_PATIENT,
  OTHER_ROOM,
  PATIENT,
  ROOM,
} from './builders.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const NOW = 1_000_000;
const NONE: ReadonlySet<string> = new Set();

/** Defines the tests on `bench`. */
export function messageContract(bench: StorageBench): void {
  const use = storageForEach(bench);

  describe('inbox', () => {
    it('gives back what was added', async () => {
      const media = [{ url: 'https://carrier.test/1', contentType: 'image/jpeg' }];
      const given = inboxRow({ media, body: 'Zażółć 🤒\u0000', keyword: 'yes' });
      const added = await use.storage.inbox.add(given, NOW);
      expect(added).to.include({ ...given, attempts: 0, receivedAt: NOW });
      expect(await use.storage.inbox.deliveries.due(NOW, NONE, 1)).to.deep.equal([added]);
      expect(await use.storage.inbox.keywords.due(NOW, NONE, 1)).to.deep.equal([added]);
    });

    it('adds a repeated message once, even when done, and tells carriers apart', async () => {
      const row = inboxRow();
      const added = await use.storage.inbox.add(row, NOW);
      expect(await use.storage.inbox.add({ ...row, body: 'changed' }, NOW)).to.equal(undefined);
      await use.storage.inbox.deliveries.complete(added?.id ?? '');
      expect(await use.storage.inbox.add(row, NOW)).to.equal(undefined);
      expect(await use.storage.inbox.add({ ...row, carrier: 'kannel' }, NOW)).not.to.equal(undefined);
      expect(await use.count('inbox')).to.equal(2);
    });

    it('takes 100 repetitions at once as one row', async () => {
      const row = inboxRow();
      const added = await Promise.all(Array.from({ length: 100 }, () => use.storage.inbox.add(row, NOW)));
      expect(added.filter((one) => one !== undefined)).to.have.length(1);
      expect(await use.count('inbox')).to.equal(1);
    });

    it('commits 200 different messages at once, in order within each lane', async () => {
      const bodies = Array.from({ length: 200 }, (_, n) => `message ${n}`);
      await Promise.all(
        bodies.map((body, n) =>
          use.storage.inbox.add(inboxRow({ body, from: n % 2 === 0 ? PATIENT : OTHER_PATIENT }), NOW),
        ),
      );
      expect(await use.count('inbox')).to.equal(200);
      if (use.config.database.dialect === 'postgres') return;
      const seen: string[] = [];
      for (
        let [row] = await use.storage.inbox.deliveries.due(NOW, NONE, 1);
        row;
        [row] = await use.storage.inbox.deliveries.due(NOW, NONE, 1)
      ) {
        seen.push(row.body);
        await use.storage.inbox.deliveries.complete(row.id);
      }
      expect(seen).to.deep.equal(bodies);
    });

    it('makes lanes that tell (line, number) apart without telling the number', async () => {
      const { conversations } = use.storage;
      const lanes = [LINE, OTHER_LINE].flatMap((line) =>
        [PATIENT, OTHER_PATIENT].map((number) => conversations.inboxLane(line, number)),
      );
      expect(new Set(lanes)).to.have.length(4);
      expect(lanes.join()).not.to.match(/555012/);
      expect((await use.storage.inbox.add(inboxRow(), NOW))?.lane).to.equal(conversations.inboxLane(LINE, PATIENT));
    });
  });

  describe('notices', () => {
    it('adds the same cause once and gives it back', async () => {
      const given = notice({ notice: { kind: 'withdraw', remembered: 'key-notice:$1' } });
      expect(await use.storage.notices.add(given, NOW)).to.equal(true);
      expect(await use.storage.notices.add(given, NOW)).to.equal(false);
      const [row] = await use.storage.notices.due(NOW, NONE, 5);
      const { cause: _cause, ...fields } = given;
      expect(row).to.deep.include(fields);
    });
  });

  describe('matrix events', () => {
    it('commits a transaction once, whoever repeats it', async () => {
      const events = [matrixEvent(), matrixEvent()];
      const stored = await Promise.all(
        Array.from({ length: 10 }, () => use.storage.matrixEvents.addTransaction('1', events, NOW)),
      );
      expect(stored.filter((isNew) => isNew)).to.have.length(1);
      expect(await use.count('matrix_events')).to.equal(2);
    });

    it('leaves out an event that another transaction brought, or the same one twice', async () => {
      const event = matrixEvent({ content: { body: 'first' } });
      await use.storage.matrixEvents.addTransaction('1', [event, event], NOW);
      await use.storage.matrixEvents.addTransaction(
        '2',
        [{ ...event, content: { body: 'second' } }, matrixEvent()],
        NOW,
      );
      expect(await use.count('matrix_events')).to.equal(2);
      const [row] = await use.storage.matrixEvents.due(NOW, NONE, 1);
      expect(row?.event).to.deep.equal(event);
    });

    it('takes many events in their order', async () => {
      const events = Array.from({ length: 450 }, (_, n) =>
        matrixEvent({ origin_server_ts: n, content: { text: '\u0000 🤒 $1' } }),
      );
      await use.storage.matrixEvents.addTransaction('1', events, NOW);
      for (const expected of events.slice(0, 5)) {
        const [row] = await use.storage.matrixEvents.due(NOW, NONE, 1);
        expect(row?.event).to.deep.equal(expected);
        await use.storage.matrixEvents.complete(row?.id ?? '');
      }
      expect(await use.storage.matrixEvents.depth(NOW)).to.include({ waiting: 445 });
    });

    it('lets the room go on past an event set aside, and still wakes it with its room', async () => {
      await use.storage.matrixEvents.addTransaction('1', [matrixEvent(), matrixEvent()], NOW);
      const [one] = await use.storage.matrixEvents.due(NOW, NONE, 5);
      await use.storage.matrixEvents.setAside(one?.id ?? '');
      await use.storage.matrixEvents.retry(one?.id ?? '', NOW + 60_000, 'no-key', false);
      const [two] = await use.storage.matrixEvents.due(NOW, NONE, 5);
      expect(two?.id).not.to.equal(one?.id);
      await use.storage.matrixEvents.complete(two?.id ?? '');
      await use.storage.matrixEvents.wake(ROOM);
      expect((await use.storage.matrixEvents.due(NOW, NONE, 5)).map(({ id }) => id)).to.deep.equal([one?.id]);
    });

    it('wakes all rooms', async () => {
      await use.storage.matrixEvents.addTransaction('1', [matrixEvent(), matrixEvent({ room_id: OTHER_ROOM })], NOW);
      for (const { id } of await use.storage.matrixEvents.due(NOW, NONE, 5)) {
        await use.storage.matrixEvents.retry(id, NOW + 60_000, 'no-key', false);
      }
      await use.storage.matrixEvents.wake();
      expect(await use.storage.matrixEvents.due(NOW, NONE, 5)).to.have.length(2);
    });

    it('discards an event that was removed, and nothing else', async () => {
      const [event, other] = [matrixEvent(), matrixEvent({ room_id: OTHER_ROOM })];
      await use.storage.matrixEvents.addTransaction('1', [event, other], NOW);
      await use.storage.matrixEvents.discard(event.event_id);
      await use.storage.matrixEvents.discard('$unknown' as EventId);
      expect((await use.storage.matrixEvents.due(NOW, NONE, 5)).map((row) => row.event.event_id)).to.deep.equal([
        other.event_id,
      ]);
    });
  });
}
