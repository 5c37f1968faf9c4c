/** The client of the hot path, over real HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { errcodeOf, statusOf } from '../../../src/matrix/matrix-fault.ts';
import { MatrixHttp, type MatrixCall } from '../../../src/matrix/matrix-http.ts';
import type { UserId } from '../../../src/model/ids.ts';

const TOKEN = 'as-token-that-must-not-be-seen';
const GET: MatrixCall = { method: 'GET', path: '/_matrix/x' };

describe('MatrixHttp', () => {
  let server: Server;
  let http: MatrixHttp;
  let respond: (request: IncomingMessage, response: ServerResponse, body: string) => void;
  let connections: number;

  beforeEach(async () => {
    connections = 0;
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => respond(request, response, body));
    });
    server.on('connection', () => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    http = new MatrixHttp({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      asToken: TOKEN,
      timeoutMs: 2_000,
    });
  });

  afterEach(async () => {
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('gives up what is under way, and whatever is asked later, once nobody waits any more', async () => {
    const giveUp = new AbortController();
    const hung = Promise.withResolvers<void>();
    respond = () => hung.resolve();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ending = new MatrixHttp({ url, asToken: TOKEN, giveUp: giveUp.signal });
    const faultOf = (work: Promise<unknown>) => work.catch((error: unknown) => error);
    const underWay = faultOf(ending.call('try', GET));
    await hung.promise;
    giveUp.abort();
    for (const fault of [await underWay, await faultOf(ending.call('try', GET))])
      expect(fault).to.be.instanceOf(RetryableError).and.have.property('message', 'Could not try: given up.');
  });

  it('sends user, device, query and JSON, over one connection', async () => {
    const seen: unknown[] = [];
    respond = (request, response, body) => {
      seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type'], body]);
      response.end('{"ok":true}');
    };
    const as = '@care_x:hospital.test' as UserId;
    expect(
      await http.call('try', {
        method: 'PUT',
        path: '/a%2Fb',
        as,
        deviceId: 'D',
        query: { q: 'ä', none: undefined },
        body: { n: 1 },
      }),
    ).to.deep.equal({ ok: true });
    await http.call('try', { method: 'POST', path: '/c', body: '{"ready":1}' });
    await http.call('try', { method: 'GET', path: '/d' });
    const authorization = `Bearer ${TOKEN}`;
    expect(seen).to.deep.equal([
      [
        'PUT',
        '/a%2Fb?q=%C3%A4&user_id=%40care_x%3Ahospital.test&device_id=D',
        authorization,
        'application/json',
        '{"n":1}',
      ],
      ['POST', '/c', authorization, 'application/json', '{"ready":1}'],
      ['GET', '/d', authorization, undefined, ''],
    ]);
    expect(connections).to.equal(1);
  });

  for (const [status, body, headers, expected] of [
    [429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 1500 }, {}, { retryAfterMs: 1500 }],
    [429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 1500 }, { 'retry-after': '2' }, { retryAfterMs: 2000 }],
    [429, {}, {}, { retryAfterMs: undefined }],
    [500, { errcode: 'M_UNKNOWN' }, {}, { retryAfterMs: undefined }],
    [502, '<html>bad gateway</html>', {}, { retryAfterMs: undefined }],
    [503, '', {}, { retryAfterMs: undefined }],
    [401, { errcode: 'M_UNKNOWN_TOKEN' }, {}, { retryAfterMs: undefined }],
  ] as const) {
    it(`takes ${status} ${JSON.stringify(body)} ${JSON.stringify(headers)} for something that may pass`, async () => {
      answer(status, body, headers);
      const error = await faultOf(http.call('try', GET));
      expect(error).to.be.instanceOf(RetryableError);
      expect(error).to.include(expected);
      expect(statusOf(error)).to.equal(status);
    });
  }

  for (const [status, errcode] of [
    [400, 'M_UNKNOWN_DEVICE'],
    [403, 'M_FORBIDDEN'],
    [404, 'M_NOT_FOUND'],
    [413, 'M_TOO_LARGE'],
  ] as const) {
    it(`takes ${status} ${errcode} for good`, async () => {
      answer(status, { errcode, error: 'Jane Doe said secret things' });
      const error = await faultOf(http.call('try', { ...GET, method: 'PUT', body: { secret: 'Jane Doe' } }));
      expect(error).to.be.instanceOf(PermanentError);
      expect(errcodeOf(error)).to.equal(errcode);
      expect(error.message).to.equal(`Could not try: the homeserver answered ${status} ${errcode}.`);
      expect(everythingIn(error))
        .to.not.match(/Jane Doe/)
        .and.to.not.include(TOKEN);
    });
  }

  it('takes a closed port and a broken connection for something that may pass', async () => {
    respond = (request) => request.socket.destroy();
    expect(await faultOf(http.call('try', GET))).to.be.instanceOf(RetryableError);
    const away = new MatrixHttp({ url: 'http://127.0.0.1:9', asToken: TOKEN });
    const error = await faultOf(away.call('try', GET));
    expect(error).to.be.instanceOf(RetryableError);
    expect(error.message).to.equal('Could not try: the homeserver cannot be reached (ECONNREFUSED).');
    expect(everythingIn(error)).to.not.include(TOKEN);
  });

  it('does not wait for ever', async () => {
    respond = () => undefined;
    const error = await faultOf(http.call('try', { ...GET, timeoutMs: 50 }));
    expect(error).to.be.instanceOf(RetryableError);
    expect(error.message).to.equal('Could not try: the homeserver cannot be reached (timeout).');
  });

  it('does not wait for ever for the rest of a body either', async () => {
    respond = (_request, response) => void response.writeHead(200, { 'content-length': '100' }).write('{');
    const error = await faultOf(http.call('try', { ...GET, timeoutMs: 100 }));
    expect(error.message).to.include('(timeout)');
  });

  it('gives up when told to', async () => {
    const controller = new AbortController();
    respond = () => controller.abort();
    const error = await faultOf(http.call('try', { ...GET, signal: controller.signal }));
    expect(error).to.be.instanceOf(RetryableError);
    expect(error.message).to.equal('Could not try: given up.');
  });

  it('takes what is not JSON for something that may pass', async () => {
    for (const body of ['', '<html>', '[1', '"text"', 'null']) {
      answer(200, body);
      expect(await faultOf(http.call('try', GET)), body).to.be.instanceOf(RetryableError);
    }
  });

  it('stops at the size that is allowed', async () => {
    respond = (_request, response) => response.end(Buffer.alloc(5_000));
    expect((await http.bytes('fetch', GET, 5_000)).bytes).to.have.length(5_000);
    const error = await faultOf(http.bytes('fetch', GET, 4_999));
    expect(error).to.be.instanceOf(PermanentError);
    expect(error.message).to.equal('Could not fetch: it is larger than 4999 bytes.');
  });

  function answer(status: number, body: object | string, headers: Record<string, string> = {}): void {
    respond = (_request, response) =>
      response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  async function faultOf(promise: Promise<unknown>): Promise<Error> {
    const error: unknown = await promise.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    return error as Error;
  }

  function everythingIn(error: Error): string {
    return [
      error.message,
      error.stack,
      JSON.stringify(error),
      error.cause instanceof Error ? everythingIn(error.cause) : '',
    ].join(' ');
  }
});
