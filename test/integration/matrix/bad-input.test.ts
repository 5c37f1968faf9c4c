import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { silentLogger } from '../../../src/log.ts';
import { HomeserverListener } from '../../../src/matrix/homeserver-listener.ts';
import { TransactionIntake } from '../../../src/matrix/transaction-intake.ts';
import { badEverywhere, type BadRequest } from '../../support/bad-requests.ts';
import { head, rawRequest, type RawRequest } from '../../support/raw-request.ts';
import { MemoryEventStore } from './memory-event-store.ts';

const TOKEN = 'hs-token-of-the-test';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const MB_50 = 50 * 1024 * 1024;
const API = '/_matrix/app/v1';

interface Endpoint {
  readonly name: string;
  readonly method: 'PUT' | 'POST' | 'GET';
  readonly path: string;
  /** What the right request is answered. */
  readonly right: number;
}

const ENDPOINTS: readonly Endpoint[] = [
  { name: 'transactions', method: 'PUT', path: `${API}/transactions/1`, right: 200 },
  { name: 'ping', method: 'POST', path: `${API}/ping`, right: 200 },
  { name: 'users', method: 'GET', path: `${API}/users/%40carebridge_x%3Ahospital.test`, right: 404 },
  { name: 'rooms', method: 'GET', path: `${API}/rooms/%23carebridge_x%3Ahospital.test`, right: 404 },
];

/** Wrong or missing proof of who asks, and wrong ways to ask. */
function badRequests({ method, path, right }: Endpoint): BadRequest[] {
  const asked = (headers: Readonly<Record<string, string>>, how = method as string, where = path): RawRequest => ({
    head: head(how, where, { ...headers, 'content-length': 0 }),
  });
  return [
    ...badEverywhere({ method, path, headers: AUTHORIZED, answers: [right] }),
    ['no token', 401, asked({})],
    ['an empty token', 401, asked({ authorization: 'Bearer ' })],
    ['a token of another kind', 401, asked({ authorization: 'Basic YTpi' })],
    ['a wrong token', 403, asked({ authorization: 'Bearer guess' })],
    ['half a token', 403, asked({ authorization: `Bearer ${TOKEN.slice(0, -1)}` })],
    ['a token and a little', 403, asked({ authorization: `Bearer ${TOKEN}x` })],
    ['a wrong token in the query', 403, asked({}, method, `${path}?access_token=guess`)],
    [
      'a wrong token beside the right one',
      403,
      asked({ authorization: 'Bearer guess' }, method, `${path}?access_token=${TOKEN}`),
    ],
    ['DELETE', 405, asked(AUTHORIZED, 'DELETE')],
    ['PATCH', 405, asked(AUTHORIZED, 'PATCH')],
    ['a path below', 404, asked(AUTHORIZED, method, `${path}/more`)],
    ['another version of the API', 404, asked(AUTHORIZED, method, path.replace('/v1/', '/v2/'))],
    ['headers that do not end', 408, slowly(`${method} ${path} HTTP/1.1\r\nhost: x\r\n`, 'x-a: b\r\n'.repeat(100))],
  ];
}

/** Where a body is read. */
function badBodies({ method, path }: Endpoint): BadRequest[] {
  const sent = (body: Buffer, more: Readonly<Record<string, string>> = {}): RawRequest => ({
    head: head(method, path, { ...AUTHORIZED, 'content-length': body.length, ...more }),
    body,
  });
  const chunked = head(method, path, { ...AUTHORIZED, 'transfer-encoding': 'chunked' });
  return [
    ['no body', 400, sent(Buffer.alloc(0))],
    ['not JSON', 400, sent(Buffer.from('events=1'))],
    ['half of JSON', 400, sent(Buffer.from('{"events":['))],
    ['null', 400, sent(Buffer.from('null'))],
    ['an array', 400, sent(Buffer.from('[]'))],
    ['a number', 400, sent(Buffer.from('1'))],
    ['invalid UTF-8', 400, sent(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]))],
    ['UTF-16', 400, sent(Buffer.from('{"events":[]}', 'utf16le'))],
    ['deep JSON', 400, sent(Buffer.from('['.repeat(1_000_000)))],
    ['a compressed body', 400, sent(gzipSync('{"events":[]}'), { 'content-encoding': 'gzip' })],
    ['a bomb', 400, sent(gzipSync(Buffer.alloc(MB_50)), { 'content-encoding': 'gzip' })],
    ['50 MB', 413, sent(Buffer.alloc(MB_50, ' '))],
    ['a promise of 50 MB', 413, { head: head(method, path, { ...AUTHORIZED, 'content-length': MB_50 }) }],
    ['chunks that do not end', 408, { head: chunked, body: Buffer.from('5\r\n{"a":\r\n') }],
    [
      'a body that does not end',
      408,
      slowly(head(method, path, { ...AUTHORIZED, 'content-length': 1_000 }), 'x'.repeat(1_000)),
    ],
  ];
}

function slowly(start: string, rest: string): RawRequest {
  return { head: start, body: Buffer.from(rest), slowly: { bytes: 1, pauseMs: 100 } };
}

describe('bad input from where the homeserver should be', () => {
  let store: MemoryEventStore;
  let observed: unknown[];
  let listener: HomeserverListener;
  let port: number;

  before(async () => {
    store = new MemoryEventStore();
    observed = [];
    const intake = new TransactionIntake({
      hsToken: TOKEN,
      store,
      log: silentLogger,
      isInteresting: () => true,
      onCommitted: () => undefined,
      observe: (events) => observed.push(...events),
    });
    listener = new HomeserverListener(TOKEN, intake.handle, 1_000);
    await listener.listen(0, '127.0.0.1', 10);
    port = listener.address?.port ?? 0;
  });
  after(() => listener.close());

  for (const endpoint of ENDPOINTS) {
    const hasBody = endpoint.method !== 'GET';
    const cases = [...badRequests(endpoint), ...(hasBody ? badBodies(endpoint) : [])];
    describe(`at ${endpoint.name} (${cases.length} kinds)`, () => {
      for (const [what, status, request] of cases) {
        it(`answers ${String(status)} to ${what}`, async () => {
          const answer = await rawRequest(port, request);
          expect(answer.status, answer.text.slice(0, 300)).to.be.oneOf([status].flat());
          expect(answer.text).not.to.match(new RegExp(`${TOKEN}|src/|stack`));
        });
      }

      it(`still answers ${endpoint.right} to what is right`, async () => {
        const body = Buffer.from(hasBody ? '{"events":[]}' : '');
        const right = head(endpoint.method, endpoint.path, { ...AUTHORIZED, 'content-length': body.length });
        expect((await rawRequest(port, { head: right, body })).status).to.equal(endpoint.right);
      });
    });
  }

  describe('afterwards', () => {
    it('there is no row, and nothing was seen', () => {
      expect([store.transactions.size, store.events, observed]).to.deep.equal([0, [], []]);
    });
  });
});
