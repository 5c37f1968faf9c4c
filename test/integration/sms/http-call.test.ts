import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { httpCall, type CallResult } from '../../../src/sms/http-call.ts';
import { freePort } from '../../support/free-port.ts';

const SECOND = () => AbortSignal.timeout(1_000);

describe('httpCall', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A raw TCP peer, and its address. */
  async function peer(onSocket: (socket: Socket) => void): Promise<URL> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path`);
  }

  const answer = (text: string) => (socket: Socket) => void socket.once('data', () => socket.end(text));
  const post = (url: URL, signal = SECOND()): Promise<CallResult> =>
    httpCall(url, { method: 'POST', body: Buffer.from('body'), signal, maxBytes: 100 });

  for (const [what, onSocket, expected] of [
    ['closes at once', (socket: Socket) => void socket.destroy(), 'broken'],
    [
      'resets after the request',
      (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy()),
      'broken',
    ],
    ['closes after the request', answer(''), 'broken'],
    ['answers half a status line', answer('HTTP/1.1 20'), 'broken'],
    ['answers nonsense', answer('SSH-2.0-OpenSSH\r\n\r\n'), 'broken'],
    ['never answers', () => undefined, 'broken'],
    ['answers', answer('HTTP/1.1 202 OK\r\ncontent-length: 2\r\n\r\nok'), 202],
    ['breaks off in the body', answer('HTTP/1.1 202 OK\r\ncontent-length: 50\r\n\r\nok'), 202],
    ['redirects', answer('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'), 302],
  ] as const) {
    it(`takes a peer that ${what} as ${expected}`, async () => {
      const result = await post(await peer(onSocket), AbortSignal.timeout(300));
      expect(result.kind === 'answer' ? result.status : result.kind).to.equal(expected);
    });
  }

  it('knows that nothing left where the connection is refused', async () => {
    const result = await post(new URL(`http://127.0.0.1:${await freePort()}/`));
    expect(result).to.deep.equal({ kind: 'not-connected', detail: 'ECONNREFUSED' });
  });

  it('knows that nothing left where TLS fails', async () => {
    const url = await peer(answer('not TLS'));
    const result = await post(new URL(url.href.replace('http:', 'https:')));
    expect(result.kind).to.equal('not-connected');
  });

  it('cuts a long body', async () => {
    const server = createHttpServer((_request, response) => void response.end('x'.repeat(200_000)));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const result = await post(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    if (result.kind !== 'answer') throw new Error(result.detail);
    expect(result.isTruncated).to.equal(true);
    expect(result.body.length).to.be.at.most(100);
  });
});
