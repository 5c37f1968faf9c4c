import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { signatureHeaders } from '../../../src/sms/loopback/signature.ts';
import { badEverywhere, type BadRequest } from '../../support/bad-requests.ts';
import { head, rawRequest, type RawRequest } from '../../support/raw-request.ts';
import { KANNEL_SECRET, LOOPBACK_SECRET, TestServer } from './test-server.ts';

const TEXT = 'planted text';
const NUMBER = '12125550123';
const MESSAGE = { kind: 'message', id: 'm-1', from: `+${NUMBER}`, to: '+12125550100', text: TEXT, media: [] };
const QUERY = `id=m-1&from=%2B${NUMBER}&to=%2B12125550100`;
const HUGE = Buffer.alloc(50 * 1024 * 1024, 'x');
const DEEP = Buffer.from('['.repeat(100_000) + ']'.repeat(100_000));

const badAnywhere = (path: string): BadRequest[] => {
  const isForTexts = path.includes('/carriers') && !path.includes('/dlr');
  return badEverywhere({ method: isForTexts ? 'POST' : 'GET', path, answers: [200, 401] });
};

/** What is wrong with both webhooks. `path` is right up to a secret; `right` are the headers of a right request. */
function atWebhooks(path: string, carrier: string): BadRequest[] {
  const post = (headers: Record<string, string | number>, body: Buffer): RawRequest => ({
    head: head('POST', path, { 'content-length': body.length, ...headers }),
    body,
  });
  const raw = { 'content-type': 'text/plain' };
  const chunked = head('POST', path, { ...raw, 'transfer-encoding': 'chunked' });
  const chunks = Array.from({ length: 40 }, () => Buffer.from(`2710\r\n${'x'.repeat(10_000)}\r\n`));
  return [
    ['50 MB', 413, post(raw, HUGE)],
    ['one byte too many', 413, post(raw, HUGE.subarray(0, 256 * 1024 + 1))],
    ['too many chunks', 413, { head: chunked, body: Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]) }],
    ['chunks that do not end', 408, { head: chunked, body: Buffer.concat(chunks) }],
    ['a bomb', 415, post({ ...raw, 'content-encoding': 'gzip' }, gzipSync(HUGE))],
    ['an unknown encoding', 415, post({ ...raw, 'content-encoding': 'rot13' }, Buffer.from('x'))],
    ['an unknown carrier', 404, { head: head('POST', path.replace(carrier, 'other'), { 'content-length': 0 }) }],
    [
      'a carrier of the language',
      404,
      { head: head('POST', path.replace(carrier, '__proto__'), { 'content-length': 0 }) },
    ],
    ['no carrier', 404, { head: head('POST', '/carriers', { 'content-length': 0 }) }],
    ['a body that does not end', 408, { ...post(raw, Buffer.alloc(1_000, 'x')), slowly: { bytes: 1, pauseMs: 100 } }],
    [
      'headers that do not end',
      408,
      {
        head: `POST ${path} HTTP/1.1\r\nhost: x\r\n`,
        body: Buffer.from('x-a: b\r\n'.repeat(100)),
        slowly: { bytes: 1, pauseMs: 100 },
      },
    ],
  ];
}

/** Signed when it is sent; `late` in ms. */
const signed =
  (content: unknown, change: { secret?: string; late?: number } = {}) =>
  (): RawRequest => {
    const body = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const headers = signatureHeaders(
      change.secret ?? LOOPBACK_SECRET,
      { target: 'webhook', body },
      Date.now() - (change.late ?? 0),
    );
    return { head: head('POST', '/carriers/loopback/webhook', { ...headers, 'content-length': body.length }), body };
  };

function tampered(): RawRequest {
  const { head: text } = signed(MESSAGE)();
  return { head: text, body: Buffer.from(JSON.stringify({ ...MESSAGE, id: 'm-2' })) };
}

const AT_LOOPBACK: BadRequest[] = [
  [
    'no signature',
    401,
    { head: head('POST', '/carriers/loopback/webhook', { 'content-length': 2 }), body: Buffer.from('{}') },
  ],
  ['a wrong signature', 401, signed(MESSAGE, { secret: 'guess' })],
  ['a signature of yesterday', 401, signed(MESSAGE, { late: 86_400_000 })],
  ['a signature of tomorrow', 401, signed(MESSAGE, { late: -86_400_000 })],
  ['a changed body', 401, tampered],
  ['not JSON', 400, signed(Buffer.from('kind=message'))],
  ['half of JSON', 400, signed(Buffer.from('{"kind":"mess'))],
  ['deep JSON', 400, signed(DEEP)],
  ['invalid UTF-8', 400, signed(Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
  ['an empty body', 400, signed(Buffer.alloc(0))],
  ['a list', 400, signed([MESSAGE])],
  ['null', 400, signed(null)],
  ['an unknown kind', 400, signed({ ...MESSAGE, kind: 'fax' })],
  ['no id', 400, signed({ ...MESSAGE, id: undefined })],
  ['an endless id', 400, signed({ ...MESSAGE, id: 'x'.repeat(10_000) })],
  ['a text that is an object', 400, signed({ ...MESSAGE, text: { toString: 'x' } })],
  ['a prototype', 400, signed(Buffer.from('{"__proto__":{"kind":"message"},"id":"1"}'))],
  [
    'a hundred pictures',
    400,
    signed({ ...MESSAGE, media: Array.from({ length: 100 }, () => ({ url: '/', contentType: 'image/png' })) }),
  ],
  ['an unknown state', 400, signed({ kind: 'report', id: 'out-1', state: 'read' })],
];

const kannel = (
  path: string,
  method = 'POST',
  headers: Record<string, string | number> = {},
  body = Buffer.from(TEXT),
): RawRequest => ({
  head: head(method, `/carriers/kannel/${path}`, {
    'content-type': 'text/plain',
    'content-length': body.length,
    ...headers,
  }),
  body,
});

const AT_KANNEL_TEXTS: BadRequest[] = [
  ['no secret', 401, kannel(`mo?${QUERY}`)],
  ['a wrong secret', 401, kannel(`guess/mo?${QUERY}`)],
  ['half a secret', 401, kannel(`${KANNEL_SECRET.slice(0, -1)}/mo?${QUERY}`)],
  ['an empty secret', 401, kannel(`/mo?${QUERY}`)],
  ['an unknown path', 404, kannel(`${KANNEL_SECRET}/sms?${QUERY}`)],
  ['GET', 405, kannel(`${KANNEL_SECRET}/mo?${QUERY}&text=x`, 'GET')],
  ['DELETE', 405, kannel(`${KANNEL_SECRET}/mo?${QUERY}`, 'DELETE')],
  ['no query', 400, kannel(`${KANNEL_SECRET}/mo`)],
  ['no id', 400, kannel(`${KANNEL_SECRET}/mo?from=1&to=2`)],
  ['an endless id', 400, kannel(`${KANNEL_SECRET}/mo?from=1&to=2&id=${'x'.repeat(1_000)}`)],
  [
    'an unknown charset',
    400,
    kannel(`${KANNEL_SECRET}/mo?${QUERY}`, 'POST', { 'content-type': 'text/plain; charset=klingon' }),
  ],
  ['a binary message', 200, kannel(`${KANNEL_SECRET}/mo?${QUERY}&coding=1`)],
];

const AT_KANNEL_REPORTS: BadRequest[] = [
  ['a wrong secret', 401, kannel('guess/dlr?ref=out-1&type=1', 'GET')],
  ['no ref', 400, kannel(`${KANNEL_SECRET}/dlr?type=1`, 'GET')],
  ['no type', 400, kannel(`${KANNEL_SECRET}/dlr?ref=out-1`, 'GET')],
  ['a type in words', 400, kannel(`${KANNEL_SECRET}/dlr?ref=out-1&type=delivered`, 'GET')],
  ['a type below nothing', 400, kannel(`${KANNEL_SECRET}/dlr?ref=out-1&type=-1`, 'GET')],
  ['a type of no state', 200, kannel(`${KANNEL_SECRET}/dlr?ref=out-1&type=64`, 'GET')],
  ['an endless ref', 400, kannel(`${KANNEL_SECRET}/dlr?ref=${'x'.repeat(1_000)}&type=1`, 'GET')],
  ['a ref with line breaks', 400, kannel(`${KANNEL_SECRET}/dlr?ref=out%0d%0a-1&type=1`, 'GET')],
  ['PUT', 405, kannel(`${KANNEL_SECRET}/dlr?ref=out-1&type=1`, 'PUT')],
];

const PLAIN: BadRequest[] = [
  ['POST', 404, { head: head('POST', '/health', { 'content-length': 0 }) }],
  ['a slash too many', 404, { head: head('GET', '/health/') }],
  ['a path below', 404, { head: head('GET', '/metrics/all') }],
  ['the start page', 404, { head: head('GET', '/') }],
];

const METRICS: BadRequest[] = [
  ...PLAIN,
  ['a request that came through a proxy', 403, { head: head('GET', '/metrics', { 'x-forwarded-for': '203.0.113.7' }) }],
  [
    'a request that came through a modern proxy',
    403,
    { head: head('GET', '/metrics', { forwarded: 'for=203.0.113.7' }) },
  ],
];

const ENDPOINTS: Readonly<Record<string, BadRequest[]>> = {
  'loopback webhook': [
    ...badAnywhere('/carriers/loopback/webhook'),
    ...atWebhooks('/carriers/loopback/webhook', 'loopback'),
    ...AT_LOOPBACK,
  ],
  'Kannel texts': [
    ...badAnywhere(`/carriers/kannel/${KANNEL_SECRET}/mo`),
    ...atWebhooks(`/carriers/kannel/${KANNEL_SECRET}/mo?${QUERY}`, 'kannel'),
    ...AT_KANNEL_TEXTS,
  ],
  'Kannel reports': [
    ...badAnywhere(`/carriers/kannel/${KANNEL_SECRET}/dlr`),
    ...atWebhooks(`/carriers/kannel/${KANNEL_SECRET}/dlr?ref=out-1&type=1`, 'kannel'),
    ...AT_KANNEL_REPORTS,
  ],
  health: [...badAnywhere('/health'), ...PLAIN],
  ready: [...badAnywhere('/ready'), ...PLAIN],
  metrics: [...badAnywhere('/metrics'), ...METRICS],
};

describe('bad input', () => {
  const server = new TestServer();
  /** For what never ends. The other must not give up on what a busy machine sends slowly. */
  const impatient = new TestServer({ requestTimeoutMs: 1_000 });
  const both = [server, impatient];
  before(() => Promise.all(both.map((each) => each.start())));
  after(() => Promise.all(both.map((each) => each.stop())));

  for (const [endpoint, cases] of Object.entries(ENDPOINTS)) {
    describe(`at ${endpoint} (${cases.length} kinds)`, () => {
      for (const [what, status, request] of cases) {
        it(`answers ${String(status)} to ${what}`, async () => {
          const { port } = [status].flat().includes(408) ? impatient : server;
          const answer = await rawRequest(port, request);
          expect(answer.status, answer.text.slice(0, 300)).to.be.oneOf([status].flat());
          expect(answer.text).not.to.match(
            new RegExp(`${TEXT}|${NUMBER}|${KANNEL_SECRET}|${LOOPBACK_SECRET}|src/|x-powered-by`, 'i'),
          );
        });
      }
    });
  }

  describe('afterwards', () => {
    it('received nothing of all that, and still works', async () => {
      for (const { messages, reports, port } of both) {
        expect([...messages.keys()]).to.deep.equal([]);
        expect(reports).to.deep.equal([]);
        expect((await rawRequest(port, { head: head('GET', '/health') })).status).to.equal(200);
      }
    });

    it('logged nothing of all that but that it was refused', () => {
      const logged = both.flatMap(({ logs }) => logs).join('\n');
      expect(logged).to.match(/webhook\.refused/);
      expect(logged).not.to.match(new RegExp(`${TEXT}|${NUMBER}|${KANNEL_SECRET}|${LOOPBACK_SECRET}|http\\.failed`));
    });
  });
});
