import { expect } from 'chai';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { silentLogger } from '../../../src/log.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import { MAX_TRANSACTION_BYTES, TransactionIntake } from '../../../src/matrix/transaction-intake.ts';
import { MemoryEventStore } from './memory-event-store.ts';

const TOKEN = 'hs-'.padEnd(64, '7');
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const TRANSACTIONS = '/_matrix/app/v1/transactions';

function message(id: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'm.room.encrypted',
    room_id: '!room',
    event_id: `$${id}`,
    sender: '@nurse:hospital.test',
    origin_server_ts: 1_700_000_000_000,
    content: { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x' },
    unsigned: { age: 5 },
    ...more,
  };
}

function transaction(...events: unknown[]): string {
  return JSON.stringify({ events });
}

function deepEvent(levels: number): string {
  return JSON.stringify(message('deep')).replace('"x"', '['.repeat(levels) + ']'.repeat(levels));
}

describe('transaction intake over HTTP', () => {
  let store: MemoryEventStore;
  let observed: MatrixEvent[];
  let committed: number;
  let faults: unknown[];
  let intake: TransactionIntake;
  let server: Server;
  let url: string;

  beforeEach(async () => {
    store = new MemoryEventStore();
    observed = [];
    committed = 0;
    faults = [];
    intake = new TransactionIntake({
      hsToken: TOKEN,
      store,
      isInteresting: (event) => event.type === 'm.room.encrypted',
      observe: (events) => observed.push(...events),
      onCommitted: () => committed++,
      onFault: (error) => faults.push(error),
      log: silentLogger,
    });
    server = createServer(intake.handle);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  async function put(path: string, body: string | Uint8Array, headers: Record<string, string> = AUTHORIZED) {
    const answer = await fetch(url + path, { method: 'PUT', body: body as BodyInit, headers });
    return { status: answer.status, body: (await answer.json()) as { errcode?: string } };
  }

  /** For what a well-behaved client refuses to send. */
  async function raw(text: string): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.end(text);
    let answer = '';
    for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
    return answer;
  }

  describe('refuses bad input with the right status, stores nothing and lives on', () => {
    const good = transaction(message('a'));
    interface Bad {
      readonly title: string;
      readonly method?: string;
      readonly path?: string;
      readonly headers?: Record<string, string>;
      readonly body?: string | Uint8Array | (() => Uint8Array);
      readonly status: number;
      readonly errcode: string;
    }
    const table: readonly Bad[] = [
      { title: 'no token', headers: {}, status: 401, errcode: 'M_UNAUTHORIZED' },
      {
        title: 'another kind of authorization',
        headers: { authorization: 'Basic aGk6aGk=' },
        status: 401,
        errcode: 'M_UNAUTHORIZED',
      },
      { title: 'an empty bearer', headers: { authorization: 'Bearer ' }, status: 401, errcode: 'M_UNAUTHORIZED' },
      { title: 'a wrong token', headers: { authorization: 'Bearer nope' }, status: 403, errcode: 'M_FORBIDDEN' },
      {
        title: 'a token of the right length that differs in its end',
        headers: { authorization: `Bearer ${TOKEN.slice(0, -1)}8` },
        status: 403,
        errcode: 'M_FORBIDDEN',
      },
      {
        title: 'a wrong token in the query',
        path: `${TRANSACTIONS}/1?access_token=nope`,
        headers: {},
        status: 403,
        errcode: 'M_FORBIDDEN',
      },
      {
        title: 'a wrong header with the right token in the query',
        path: `${TRANSACTIONS}/1?access_token=${TOKEN}`,
        headers: { authorization: 'Bearer nope' },
        status: 403,
        errcode: 'M_FORBIDDEN',
      },
      {
        title: 'a wrong token with 50 MB',
        headers: { authorization: 'Bearer nope' },
        body: () => new Uint8Array(50_000_000),
        status: 403,
        errcode: 'M_FORBIDDEN',
      },
      { title: 'no body', body: '', status: 400, errcode: 'M_NOT_JSON' },
      { title: 'a body that is not JSON', body: 'events=1', status: 400, errcode: 'M_NOT_JSON' },
      { title: 'JSON that ends too early', body: good.slice(0, -3), status: 400, errcode: 'M_NOT_JSON' },
      {
        title: 'invalid UTF-8',
        body: Buffer.from(good.replace('"x"', '"\xff\xfe"'), 'latin1'),
        status: 400,
        errcode: 'M_NOT_JSON',
      },
      { title: 'UTF-16', body: Buffer.from(good, 'utf16le'), status: 400, errcode: 'M_NOT_JSON' },
      { title: 'null', body: 'null', status: 400, errcode: 'M_BAD_JSON' },
      { title: 'an array', body: '[]', status: 400, errcode: 'M_BAD_JSON' },
      { title: 'no events', body: '{}', status: 400, errcode: 'M_BAD_JSON' },
      { title: 'events that are an object', body: '{"events":{"0":{}}}', status: 400, errcode: 'M_BAD_JSON' },
      { title: 'events that are text', body: '{"events":"[]"}', status: 400, errcode: 'M_BAD_JSON' },
      {
        title: 'JSON a million levels deep',
        body: `{"events":${'['.repeat(1e6)}${']'.repeat(1e6)}}`,
        status: 400,
        errcode: 'M_BAD_JSON',
      },
      { title: 'brackets without end', body: '['.repeat(1e6), status: 400, errcode: 'M_BAD_JSON' },
      {
        title: '50 MB',
        body: () => Buffer.from(transaction(message('a', { content: { body: 'x'.repeat(50_000_000) } }))),
        status: 413,
        errcode: 'M_TOO_LARGE',
      },
      {
        title: 'one byte too much',
        body: () => new Uint8Array(MAX_TRANSACTION_BYTES + 1),
        status: 413,
        errcode: 'M_TOO_LARGE',
      },
      { title: 'a transaction id with a NUL', path: `${TRANSACTIONS}/a%00b`, status: 400, errcode: 'M_INVALID_PARAM' },
      {
        title: 'a transaction id that is not valid percent-encoding',
        path: `${TRANSACTIONS}/%zz`,
        status: 400,
        errcode: 'M_INVALID_PARAM',
      },
      {
        title: 'a transaction id that is not UTF-8',
        path: `${TRANSACTIONS}/%ff`,
        status: 400,
        errcode: 'M_INVALID_PARAM',
      },
      {
        title: 'a transaction id of 1000 characters',
        path: `${TRANSACTIONS}/${'9'.repeat(1000)}`,
        status: 400,
        errcode: 'M_INVALID_PARAM',
      },
      { title: 'no transaction id', path: `${TRANSACTIONS}/`, status: 404, errcode: 'M_UNRECOGNIZED' },
      { title: 'two transaction ids', path: `${TRANSACTIONS}/1/2`, status: 404, errcode: 'M_UNRECOGNIZED' },
      { title: 'an unknown path', path: '/_matrix/app/v1/secrets', status: 404, errcode: 'M_UNRECOGNIZED' },
      {
        title: 'a newer version of the API',
        path: '/_matrix/app/v2/transactions/1',
        status: 404,
        errcode: 'M_UNRECOGNIZED',
      },
      { title: 'POST', method: 'POST', status: 405, errcode: 'M_UNRECOGNIZED' },
      { title: 'DELETE', method: 'DELETE', status: 405, errcode: 'M_UNRECOGNIZED' },
    ];
    for (const {
      title,
      method = 'PUT',
      path = `${TRANSACTIONS}/1`,
      headers = AUTHORIZED,
      body = good,
      status,
      errcode,
    } of table) {
      it(`${title}: ${status} ${errcode}`, async () => {
        const bytes = typeof body === 'function' ? body() : body;
        const answer = await fetch(url + path, { method, headers, body: bytes as BodyInit });
        const { errcode: got } = (await answer.json()) as { errcode: string };
        expect([answer.status, got]).to.deep.equal([status, errcode]);
        expect(answer.headers.get('content-type')).to.equal('application/json');
        expect(store.transactions.size, 'transactions').to.equal(0);
        expect(observed, 'observed').to.deep.equal([]);
        expect((await put(`${TRANSACTIONS}/after`, good)).status, 'afterwards').to.equal(200);
      });
    }

    it('a body without length that never stops: 413 M_TOO_LARGE', async () => {
      let isAnswered = false;
      const body = new ReadableStream({
        pull: (controller) => (isAnswered ? controller.close() : controller.enqueue(new Uint8Array(1 << 20))),
      });
      const init = { method: 'PUT', body, headers: AUTHORIZED, duplex: 'half' };
      const answer = await fetch(`${url}${TRANSACTIONS}/1`, init);
      isAnswered = true;
      expect(answer.status).to.equal(413);
      expect(store.transactions.size).to.equal(0);
    });

    it('a request line that is none: 400, the connection ends', async () => {
      expect(await raw('HELLO\r\n\r\n')).to.match(/^HTTP\/1.1 400 /);
    });

    it('an address that is none: 404', async () => {
      expect(await raw('PUT http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).to.match(/^HTTP\/1.1 404 /);
    });

    it('a client that goes away in the middle: no row', async () => {
      const half = `PUT ${TRANSACTIONS}/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 1000\r\n\r\n{"events":[`;
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const requested = once(server, 'request');
      socket.write(half);
      const [request] = (await requested) as [NodeJS.EventEmitter];
      const closed = new Promise((resolve) => request.once('close', resolve));
      socket.destroy();
      await closed;
      expect(store.transactions.size).to.equal(0);
      expect((await put(`${TRANSACTIONS}/after`, good)).status).to.equal(200);
    });
  });

  describe('leaves single events out that are not well-formed, and takes the rest', () => {
    const table: readonly (readonly [string, unknown])[] = [
      ['null', null],
      ['text', 'event'],
      ['an array', []],
      ['without type', message('b', { type: undefined })],
      ['type not text', message('b', { type: 5 })],
      ['type too long', message('b', { type: 'm'.repeat(256) })],
      ['type with a NUL', message('b', { type: 'm.room.encrypted\0' })],
      ['type with half a surrogate pair', message('b', { type: 'm.\ud800' })],
      ['without room', message('b', { room_id: undefined })],
      ['room not a room id', message('b', { room_id: '#alias:hospital.test' })],
      ['event id not an event id', message('b', { event_id: 'b' })],
      ['event id with a NUL', message('b', { event_id: '$b\0' })],
      ['event id of 300 characters', message('b'.repeat(300))],
      ['sender not a user id', message('b', { sender: 'nurse' })],
      ['time not a number', message('b', { origin_server_ts: '1' })],
      ['time not whole', message('b', { origin_server_ts: 1.5 })],
      ['without content', message('b', { content: undefined })],
      ['content an array', message('b', { content: [] })],
      ['state key not text', message('b', { state_key: {} })],
      ['state key with a NUL', message('b', { state_key: '\0' })],
    ];
    for (const [title, event] of table) {
      it(title, async () => {
        const answer = await put(`${TRANSACTIONS}/1`, transaction(message('a'), event, message('c')));
        expect(answer).to.deep.equal({ status: 200, body: {} });
        expect(store.events.map((stored) => stored.event_id)).to.deep.equal(['$a', '$c']);
      });
    }

    it('nested a thousand levels deep: a member of a room must not be able to stop delivery', async () => {
      const body = `{"events":[${JSON.stringify(message('a'))},${deepEvent(1000)}]}`;
      expect((await put(`${TRANSACTIONS}/1`, body)).status).to.equal(200);
      expect(store.events.map((stored) => stored.event_id)).to.deep.equal(['$a']);
    });
  });

  describe('commits', () => {
    it('keeps the fields it knows and no others', async () => {
      const because = { type: 'm.room.redaction' };
      const create = { type: 'm.room.create', content: { predecessor: { room_id: '!old' } } };
      const event = message('a', {
        redacts: '$b',
        state_key: '',
        extra: 1,
        unsigned: {
          redacted_because: because,
          prev_content: {},
          invite_room_state: [{ type: 'm.room.name', content: { name: 'x' } }, null, create],
        },
      });
      await put(`${TRANSACTIONS}/1`, transaction(event));
      expect(store.events).to.deep.equal([
        {
          type: 'm.room.encrypted',
          room_id: '!room',
          event_id: '$a',
          sender: '@nurse:hospital.test',
          origin_server_ts: 1_700_000_000_000,
          content: { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x' },
          redacts: '$b',
          state_key: '',
          unsigned: { redacted_because: because, invite_room_state: [create] },
        },
      ]);
      expect(committed).to.equal(1);
    });

    it('once, however often the transaction comes, also at the same time and with another age', async () => {
      const bodies = Array.from({ length: 20 }, (_, age) =>
        transaction(message('a', { unsigned: { age } }), message('b')),
      );
      const answers = await Promise.all(bodies.map((body) => put(`${TRANSACTIONS}/7`, body)));
      expect(answers.map(({ status }) => status)).to.deep.equal(bodies.map(() => 200));
      expect(await put(`${TRANSACTIONS}/7`, bodies[0] ?? '')).to.deep.equal({ status: 200, body: {} });
      expect(store.events.map((event) => event.event_id)).to.deep.equal(['$a', '$b']);
      expect([observed.length, committed]).to.deep.equal([2, 1]);
    });

    it('an event once that stands twice in a transaction', async () => {
      await put(`${TRANSACTIONS}/1`, transaction(message('a'), message('a')));
      expect(store.events).to.have.length(1);
    });

    it('other events under a number that was used before: the homeserver was set up anew', async () => {
      await put(`${TRANSACTIONS}/1`, transaction(message('a')));
      await put(`${TRANSACTIONS}/1`, transaction(message('b')));
      expect(store.events.map((event) => event.event_id)).to.deep.equal(['$a', '$b']);
    });

    it('nothing where no event is of interest, but lets it be seen', async () => {
      await put(`${TRANSACTIONS}/1`, transaction(message('a', { type: 'm.room.topic' })));
      expect([store.transactions.size, observed.length, committed]).to.deep.equal([0, 1, 0]);
    });

    it('answers 503 while it cannot, so that the homeserver tries again', async () => {
      store.fault = new Error('disk full');
      const answer = await put(`${TRANSACTIONS}/1`, transaction(message('a')));
      expect([answer.status, answer.body.errcode]).to.deep.equal([503, 'M_UNKNOWN']);
      expect([observed.length, committed, faults.length]).to.deep.equal([0, 0, 1]);
      store.fault = undefined;
      expect((await put(`${TRANSACTIONS}/1`, transaction(message('a')))).status).to.equal(200);
      expect([store.events.length, observed.length]).to.deep.equal([1, 1]);
    });

    it('a full transaction: 100 events of 64 KiB with predecessors as large', async () => {
      const content = { body: 'x'.repeat(64_000) };
      const events = Array.from({ length: 100 }, (_, index) =>
        message(`e${index}`, { content, unsigned: { prev_content: content } }),
      );
      expect((await put(`${TRANSACTIONS}/1`, transaction(...events))).status).to.equal(200);
      expect(store.events).to.have.length(100);
    });

    it('with the token in the query, at the old path', async () => {
      expect((await put(`/transactions/1?access_token=${TOKEN}`, transaction(message('a')), {})).status).to.equal(200);
      expect(store.events).to.have.length(1);
    });
  });

  describe('other questions of the homeserver', () => {
    for (const path of ['users/@carebridge_x:hospital.test', 'rooms/%23carebridge_x:hospital.test']) {
      for (const prefix of ['/_matrix/app/v1/', '/']) {
        it(`GET ${prefix}${path}: 404, nobody is made because somebody asked`, async () => {
          const answer = await fetch(url + prefix + path, { headers: AUTHORIZED });
          expect([answer.status, ((await answer.json()) as { errcode: string }).errcode]).to.deep.equal([
            404,
            'M_NOT_FOUND',
          ]);
          expect((await fetch(url + prefix + path)).status).to.equal(401);
        });
      }
    }

    it('answers a ping, and knows it was this process', async () => {
      const ping = (headers: Record<string, string>) =>
        fetch(`${url}/_matrix/app/v1/ping`, { method: 'POST', headers, body: '{"transaction_id":"one"}' });
      expect((await ping({})).status).to.equal(401);
      expect(intake.hasSeenPing('one')).to.equal(false);
      expect((await ping(AUTHORIZED)).status).to.equal(200);
      expect(intake.hasSeenPing('one')).to.equal(true);
    });
  });
});
