import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { signatureHeaders } from '../../../src/sms/loopback/signature.ts';
import { busy, KANNEL_SECRET, LOOPBACK_SECRET, TestServer } from './test-server.ts';

const MESSAGE = { kind: 'message', id: 'm-1', from: '+12125550123', to: '+12125550100', text: 'Hello', media: [] };
const REPORT = { kind: 'report', id: 'out-1', state: 'delivered' };

describe('the HTTP listener', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = new TestServer({ checkTimeoutMs: 50 });
    await server.start();
  });
  afterEach(() => server.stop());

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.url}${path}`, { headers });
  const post = (content: object) => {
    const body = Buffer.from(JSON.stringify(content));
    const headers = signatureHeaders(LOOPBACK_SECRET, { target: 'webhook', body });
    return fetch(`${server.url}/carriers/loopback/webhook`, { method: 'POST', headers, body });
  };

  describe('carrier webhooks', () => {
    it('answers 200 once the text is committed, and hands over all of it', async () => {
      expect((await post(MESSAGE)).status).to.equal(200);
      expect([...server.messages]).to.deep.equal([
        [
          'loopback:m-1',
          {
            kind: 'message',
            carrierMessageId: 'm-1',
            from: '+12125550123',
            to: '+12125550100',
            text: 'Hello',
            media: [],
          },
        ],
      ]);
    });

    it('takes a repeated text as the same', async () => {
      const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await post(MESSAGE)).status));
      expect(new Set(statuses)).to.deep.equal(new Set([200]));
      expect(server.messages.size).to.equal(1);
    });

    it('takes the text of the same id from two carriers as two', async () => {
      await post(MESSAGE);
      const query = new URLSearchParams({ id: 'm-1', from: MESSAGE.from, to: MESSAGE.to });
      const url = `${server.url}/carriers/kannel/${KANNEL_SECRET}/mo?${query}`;
      expect((await fetch(url, { method: 'POST', body: 'Hello' })).status).to.equal(200);
      expect([...server.messages.keys()]).to.deep.equal(['loopback:m-1', 'kannel:m-1']);
    });

    it('applies a report', async () => {
      expect((await post(REPORT)).status).to.equal(200);
      const kannel = await get(`/carriers/kannel/${KANNEL_SECRET}/dlr?ref=out-2&type=8`);
      expect(kannel.status).to.equal(200);
      expect(server.reports).to.deep.equal([
        { kind: 'report', state: 'delivered', reference: { outboxId: 'out-1' } },
        { kind: 'report', state: 'sent', reference: { outboxId: 'out-2' } },
      ]);
    });

    it('asks for a repetition where the text cannot be committed now', async () => {
      server.failure = busy;
      const answer = await post(MESSAGE);
      expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([503, '5']);
      expect(server.logs.join('\n')).to.include('webhook.not-committed');
    });

    it('asks for a repetition of a report on a text that is not known yet', async () => {
      server.isReportKnown = false;
      expect((await post(REPORT)).status).to.equal(503);
    });

    for (const failure of [new PermanentError('no'), new TypeError('text of +12125550123')]) {
      it(`answers 500 to ${failure.name}, so that the carrier repeats it, and says nothing of it`, async () => {
        server.failure = failure;
        const answer = await post(MESSAGE);
        expect([answer.status, await answer.text()]).to.deep.equal([500, '{"error":"failed"}']);
      });
    }

    it('takes 256 KiB', async () => {
      const text = 'x'.repeat(256 * 1024 - 200);
      expect((await post({ ...MESSAGE, text })).status).to.equal(200);
    });

    it('lets a text in hand be committed while it closes', async () => {
      const held = server.holdCommits();
      const answer = post(MESSAGE);
      await held.reached;
      const stopped = server.stop(5_000);
      held.release();
      expect((await answer).status).to.equal(200);
      await stopped;
      expect(server.messages.size).to.equal(1);
    });
  });

  describe('health', () => {
    it('says that the process runs', async () => {
      const answer = await get('/health');
      expect([answer.status, await answer.json()]).to.deep.equal([200, { status: 'ok' }]);
      expect(answer.headers.has('x-powered-by')).to.equal(false);
      expect(answer.headers.get('cache-control')).to.equal('no-store');
    });

    for (const [what, problem, status, result] of [
      ['is well', () => Promise.resolve(undefined), 200, 'ok'],
      ['has a problem', () => Promise.resolve('the database does not answer'), 503, 'the database does not answer'],
      ['never answers', () => new Promise<undefined>(() => undefined), 503, 'no answer in time'],
      [
        'finds something away',
        () => Promise.reject(new RetryableError('The database cannot be reached.')),
        503,
        'The database cannot be reached.',
      ],
      ['throws', () => Promise.reject(new Error('+12125550123')), 503, 'the check failed; see the log'],
    ] as const) {
      it(`answers ${status} where a check ${what}`, async () => {
        server.checks = [{ name: 'database', problem }];
        const answer = await get('/ready');
        const text = status === 200 ? 'ready' : 'not ready';
        expect([answer.status, await answer.json()]).to.deep.equal([status, { status: text, checks: { all: result } }]);
      });
    }
  });

  it('gives metrics to whoever asks directly', async () => {
    const answer = await get('/metrics');
    expect([answer.status, await answer.text()]).to.deep.equal([200, 'texts_total 1\n']);
    expect(answer.headers.get('content-type')).to.include('version=0.0.4');
  });
});
