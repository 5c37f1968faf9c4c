import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '../../../src/log.ts';
import { detectAccountMode } from '../../../src/matrix/account-mode.ts';
import { pingAppservice, PingLoop, type PingTarget } from '../../../src/matrix/ping.ts';

interface Scripted {
  readonly status: number;
  readonly body: unknown;
}

/** A homeserver that answers what the test says. */
describe('diagnosis over HTTP', () => {
  let server: Server;
  let target: PingTarget;
  let answers: Scripted[];
  let requests: { path: string | undefined; authorization: string | undefined; body: string }[];

  beforeEach(async () => {
    answers = [];
    requests = [];
    server = createServer((request, response) => {
      void (async () => {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        requests.push({ path: request.url, authorization: request.headers.authorization, body });
        const { status, body: answer } = answers.length > 1 ? (answers.shift() as Scripted) : (answers[0] as Scripted);
        response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      })();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    target = {
      homeserverUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      appserviceId: 'carebridge',
      asToken: 'secret-token',
      appserviceUrl: 'http://bridge:9993',
    };
  });

  afterEach(async () => {
    server.closeAllConnections();
    if (server.listening) await once(server.close(), 'close');
  });

  describe('ping', () => {
    const table: readonly (readonly [string, Scripted, string, RegExp])[] = [
      [
        'cannot connect',
        { status: 502, body: { errcode: 'M_CONNECTION_FAILED' } },
        'M_CONNECTION_FAILED',
        /cannot connect to http:\/\/bridge:9993/,
      ],
      [
        'times out',
        { status: 504, body: { errcode: 'M_CONNECTION_TIMEOUT' } },
        'M_CONNECTION_TIMEOUT',
        /firewall or proxy/,
      ],
      [
        'another hs_token',
        { status: 502, body: { errcode: 'M_BAD_STATUS', status: 403 } },
        'M_BAD_STATUS',
        /another hs_token/,
      ],
      [
        'another program',
        { status: 502, body: { errcode: 'M_BAD_STATUS', status: 404 } },
        'M_BAD_STATUS',
        /Something else than Carebridge/,
      ],
      [
        'a broken proxy',
        { status: 502, body: { errcode: 'M_BAD_STATUS', status: 502, body: 'secret' } },
        'M_BAD_STATUS',
        /gave 502/,
      ],
      ['no url', { status: 400, body: { errcode: 'M_URL_NOT_SET' } }, 'M_URL_NOT_SET', /no url/],
      [
        'unknown token',
        { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } },
        'M_UNKNOWN_TOKEN',
        /app_service_config_files/,
      ],
      ['another id', { status: 403, body: { errcode: 'M_FORBIDDEN' } }, 'M_FORBIDDEN', /another id/],
      ['old homeserver', { status: 404, body: { errcode: 'M_UNRECOGNIZED' } }, 'M_UNRECOGNIZED', /Synapse 1.80/],
      ['not a homeserver', { status: 418, body: '<html>' }, 'STATUS_418', /answered 418/],
    ];
    for (const [title, answer, code, sentence] of table) {
      it(`${title}: ${code}, and what to do`, async () => {
        answers = [answer];
        const result = await pingAppservice(target);
        expect(result).to.include({ isOk: false, code });
        expect((result as { sentence: string }).sentence)
          .to.match(sentence)
          .and.not.contain('secret');
      });
    }

    it('homeserver away: UNREACHABLE', async () => {
      server.close();
      await once(server, 'close');
      const result = await pingAppservice(target);
      expect(result).to.include({ isOk: false, code: 'UNREACHABLE' });
      expect((result as { sentence: string }).sentence).to.contain('ECONNREFUSED');
    });

    it('ok, with the duration', async () => {
      answers = [{ status: 200, body: { duration_ms: 12 } }];
      expect(await pingAppservice(target)).to.deep.equal({ isOk: true, durationMs: 12 });
      const [request] = requests;
      expect(request?.path).to.equal('/_matrix/client/v1/appservice/carebridge/ping');
      expect(request?.authorization).to.equal('Bearer secret-token');
    });

    it('ok, but it was another process that got it', async () => {
      answers = [{ status: 200, body: {} }];
      const seen: string[] = [];
      const result = await pingAppservice({ ...target, hasSeenPing: (id) => seen.push(id) > 1 });
      expect(result).to.include({ isOk: false, code: 'OTHER_PROCESS' });
      expect(requests[0]?.body).to.equal(JSON.stringify({ transaction_id: seen[0] }));
    });
  });

  describe('ping loop', () => {
    it('goes on until it succeeds, says each finding once, and pings again when asked', async () => {
      const failed = { status: 502, body: { errcode: 'M_CONNECTION_FAILED' } };
      answers = [failed, failed, { status: 200, body: {} }];
      const lines: string[] = [];
      const okay: (() => void)[] = [];
      const log = {
        ...silentLogger,
        info: (event: string) => {
          lines.push(event);
          okay.shift()?.();
        },
        error: (event: string) => void lines.push(event),
      };
      const isOk = () => new Promise<void>((resolve) => okay.push(resolve));
      const loop = new PingLoop(target, log);
      const first = isOk();
      loop.start();
      loop.start();
      await first;
      expect(loop.problem).to.equal(undefined);
      expect(lines).to.deep.equal(['homeserver.ping-failed', 'homeserver.ping-ok']);
      const second = isOk();
      const startedAt = performance.now();
      loop.start();
      await second;
      // A transaction that cannot be stored asks for a ping, which brings the transaction again.
      expect(performance.now() - startedAt, 'ms between').to.be.at.least(1_500);
      await loop.stop();
      expect(requests).to.have.length(4);
    });

    it('says what is wrong until it is not, and pings at once when the homeserver is back', async () => {
      answers = [{ status: 502, body: { errcode: 'M_CONNECTION_FAILED' } }];
      const failed = Promise.withResolvers<void>();
      const okay = Promise.withResolvers<void>();
      const log = { ...silentLogger, error: () => failed.resolve(), info: () => okay.resolve() };
      const loop = new PingLoop(target, log);
      loop.start();
      await failed.promise;
      expect(loop.problem).to.match(/cannot connect to http:\/\/bridge:9993/);
      answers = [{ status: 200, body: {} }];
      const startedAt = performance.now();
      loop.homeserverIsBack();
      await okay.promise;
      expect(loop.problem).to.equal(undefined);
      // The pause after a first failure is a second.
      expect(performance.now() - startedAt, 'ms').to.be.lessThan(900);
      await loop.stop();
    });

    it('stops at once while it waits', async () => {
      answers = [{ status: 502, body: {} }];
      const failed = Promise.withResolvers<void>();
      const loop = new PingLoop(target, { ...silentLogger, error: () => failed.resolve() });
      loop.start();
      await failed.promise;
      const startedAt = performance.now();
      await loop.stop();
      expect(performance.now() - startedAt).to.be.lessThan(500);
      loop.start();
      expect(requests).to.have.length(1);
    });
  });

  describe('account mode', () => {
    const table: readonly (readonly [string, Scripted, Record<string, unknown>])[] = [
      ['native', { status: 404, body: { errcode: 'M_UNRECOGNIZED' } }, { mode: 'native' }],
      ['MAS', { status: 200, body: { issuer: 'https://auth.test/' } }, { mode: 'mas', issuer: 'https://auth.test/' }],
      ['MAS is down', { status: 500, body: { errcode: 'M_UNKNOWN' } }, { mode: 'unknown' }],
      ['200 without issuer', { status: 200, body: {} }, { mode: 'unknown' }],
      ['a web server', { status: 404, body: '<html>' }, { mode: 'unknown' }],
    ];
    for (const [title, answer, expected] of table) {
      it(title, async () => {
        answers = [answer];
        expect(await detectAccountMode(target.homeserverUrl)).to.include(expected);
        expect(requests[0]?.path).to.equal('/_matrix/client/v1/auth_metadata');
      });
    }

    it('homeserver away: unknown', async () => {
      server.close();
      await once(server, 'close');
      expect(await detectAccountMode(target.homeserverUrl)).to.include({ mode: 'unknown' });
    });
  });
});
