import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { startChild } from '../../../src/cli/demo/children.ts';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { MmsCarrier } from '../../../src/ports/sms-carrier.ts';
import { createSmsCarrier } from '../../../src/sms/index.ts';
import { SIMULATOR_MODES } from '../../../src/sms/loopback/mode.ts';
import { PATHS } from '../../../src/sms/loopback/protocol.ts';
import { REPLAY_WINDOW_MS, signatureHeaders } from '../../../src/sms/loopback/signature.ts';
import { LoopbackSimulator } from '../../../src/sms/loopback/simulator.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { waitFor } from '../../support/wait-for.ts';
import { busy, LOOPBACK_SECRET, TestServer } from '../http/test-server.ts';

const LINE = '+12125550100' as PhoneNumber;
const PATIENT = '+12125550123' as PhoneNumber;
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the loopback simulator', () => {
  let server: TestServer;
  let simulator: LoopbackSimulator;
  let carrier: MmsCarrier;

  beforeEach(async () => {
    server = new TestServer();
    await server.start();
    simulator = new LoopbackSimulator({
      secret: LOOPBACK_SECRET,
      webhookUrl: `${server.url}/carriers/loopback/webhook`,
      retry: { minWaitMs: 10, maxWaitMs: 40 },
      slowMs: 200,
      phones: [PATIENT],
      lines: [{ number: LINE, name: 'Front desk' }],
    });
    await simulator.start();
    carrier = createSmsCarrier(
      'loopback',
      { type: 'loopback', url: simulator.url, secret: LOOPBACK_SECRET },
      server.url,
    ) as MmsCarrier;
  });
  afterEach(async () => {
    await simulator.stop();
    await server.stop();
  });

  const signal = () => AbortSignal.timeout(5_000);
  const send = (text: string, id = 'out-1') => carrier.send({ id, from: LINE, to: PATIENT, text }, signal());
  const fromPatient = (text: string) => simulator.sendFromPatient({ from: PATIENT, to: LINE, text });
  const states = () => server.reports.map(({ state }) => state);

  describe('texts from the patient', () => {
    it('are acknowledged once the webhook has taken them', async () => {
      const id = await fromPatient('Hello é 😀');
      expect([...server.messages.values()]).to.deep.equal([
        { kind: 'message', carrierMessageId: id, from: PATIENT, to: LINE, text: 'Hello é 😀', media: [] },
      ]);
      expect(simulator.texts(PATIENT)[0]).to.include({
        direction: 'from-patient',
        text: 'Hello é 😀',
        state: 'delivered',
      });
    });

    it('are repeated with the same id until they are taken, and stay in order', async () => {
      server.failure = busy;
      const sending = Promise.all(['one', 'two', 'three'].map(fromPatient));
      await waitFor('some tries', () => simulator.webhookFailures >= 3);
      server.failure = undefined;
      expect([...server.messages.keys()]).to.deep.equal([]);
      const ids = await sending;
      expect([...server.messages.values()].map(({ carrierMessageId, text }) => [carrierMessageId, text])).to.deep.equal(
        [
          [ids[0], 'one'],
          [ids[1], 'two'],
          [ids[2], 'three'],
        ],
      );
    });

    it('are repeated while nobody listens', async () => {
      await server.stop();
      const sending = fromPatient('Hello');
      await waitFor('some tries', () => simulator.webhookFailures >= 3);
      const { port } = server;
      server = new TestServer();
      await server.start(port);
      await sending;
      expect(server.messages.size).to.equal(1);
    });

    it('end unacknowledged where the simulator is stopped', async () => {
      server.failure = busy;
      const sending = fromPatient('Hello');
      const failed = sending.then(
        () => undefined,
        (error: unknown) => error,
      );
      await waitFor('a try', () => simulator.webhookFailures >= 1);
      await simulator.stop();
      expect(await failed).to.be.instanceOf(PermanentError);
    });
  });

  describe('texts to the patient', () => {
    it('are shown on the phone and reported in full', async () => {
      const result = await send('Hello');
      const text = await simulator.waitForText(PATIENT, ({ text }) => text === 'Hello');
      expect(result).to.deep.equal({ outcome: 'accepted', carrierReference: text.id });
      await waitFor('the reports', () => server.reports.length === 3);
      expect(server.reports).to.deep.equal(
        ['accepted', 'sent', 'delivered'].map((state) => ({ kind: 'report', reference: { outboxId: 'out-1' }, state })),
      );
      expect(simulator.texts(PATIENT)[0]?.state).to.equal('delivered');
    });

    it('fail with the reason where the phone cannot be reached', async () => {
      simulator.setMode('undeliverable');
      expect(await send('Hello')).to.have.property('outcome', 'accepted');
      await waitFor('the reports', () => states().at(-1) === 'failed');
      expect(server.reports.at(-1)).to.have.property('failure', 'unreachable');
    });

    it('are slow where switched so, and may be given up meanwhile', async () => {
      simulator.setMode('slow');
      const result = await carrier.send(
        { id: 'out-1', from: LINE, to: PATIENT, text: 'Hello' },
        AbortSignal.timeout(100),
      );
      expect(result).to.have.property('outcome', 'unknown');
      await simulator.waitForText(PATIENT, () => true);
    });

    it('are counted, so that a double is seen', async () => {
      simulator.setMode('down');
      await send('Hello');
      simulator.setMode('normal');
      await send('Hello');
      expect([simulator.sendCalls.get('out-1'), simulator.doubled()]).to.deep.equal([{ calls: 2, taken: 1 }, []]);
      simulator.setMode('drop');
      expect(await send('Hello')).to.have.property('outcome', 'unknown');
      expect([simulator.sendCalls.get('out-1'), simulator.doubled()]).to.deep.equal([
        { calls: 3, taken: 2 },
        ['out-1'],
      ]);
      expect(simulator.texts(PATIENT)).to.have.length(2);
    });

    it('say in vain what was there instead', async () => {
      await send('Hello');
      const error = await simulator.waitForText(PATIENT, () => false, 20).catch((cause: unknown) => cause);
      expect(error).to.match(/in vain for a text\. The phone shows: to-patient \(.*\): Hello/);
    });
  });

  describe('pictures', () => {
    it('come from the patient', async () => {
      await simulator.sendFromPatient({
        from: PATIENT,
        to: LINE,
        text: '',
        media: [{ contentType: 'image/png', bytes: PNG }],
      });
      const [message] = [...server.messages.values()];
      const [reference] = message?.media ?? [];
      if (reference === undefined) throw new Error('no picture');
      const { contentType, bytes } = await carrier.fetchMedia(reference, signal());
      expect([contentType, Buffer.from(bytes).equals(PNG)]).to.deep.equal(['image/png', true]);
    });

    it('go to the patient', async () => {
      const picture = { contentType: 'image/png', bytes: PNG };
      const result = await carrier.sendMms({ id: 'out-1', from: LINE, to: PATIENT, text: '' }, picture, signal());
      expect(result).to.have.property('outcome', 'accepted');
      const [shown] = simulator.texts(PATIENT)[0]?.pictures ?? [];
      expect(Buffer.from(simulator.phones.picture(shown?.id ?? '')?.bytes ?? []).equals(PNG)).to.equal(true);
    });

    for (const url of [
      'http://169.254.169.254/v1/media/x',
      'http://127.0.0.1:1/v1/media/x',
      'https://127.0.0.1/v1/media/x',
      'file:///etc/passwd',
      '//carrier.example/v1/media/x',
      '/v1/media/../messages',
      '/v1/messages',
      '/v1/media/x?y=z',
      'http://[',
      '/v1/media/unknown',
    ]) {
      it(`are not fetched from ${url}`, async () => {
        const error = await carrier
          .fetchMedia({ url, contentType: 'image/png' }, signal())
          .catch((cause: unknown) => cause);
        expect(error).to.be.instanceOf(PermanentError);
        expect(String(error)).not.to.include(url);
      });
    }

    it('are fetched later where nobody answers', async () => {
      await simulator.stop();
      const error = await carrier
        .fetchMedia({ url: '/v1/media/x', contentType: 'image/png' }, signal())
        .catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(RetryableError);
    });
  });

  describe('its signed side', () => {
    const call = (path: string, headers: Record<string, string>, body = '', method = 'POST') =>
      fetch(`${simulator.url}${path}`, { method, headers, ...(method === 'POST' && { body }) }).then(
        ({ status }) => status,
      );
    const body = JSON.stringify({ id: 'out-1', from: LINE, to: PATIENT, text: 'Hello', media: [] });
    const target = `POST ${PATHS.messages}`;
    const sign = (change: { secret?: string; target?: string; body?: string; at?: number } = {}) =>
      signatureHeaders(
        change.secret ?? LOOPBACK_SECRET,
        { target: change.target ?? target, body: Buffer.from(change.body ?? body) },
        change.at ?? Date.now(),
      );

    for (const [what, status, path, headers, content] of [
      ['a right one', 202, PATHS.messages, () => sign(), body],
      ['none', 401, PATHS.messages, () => ({}), body],
      ['another secret', 401, PATHS.messages, () => sign({ secret: 'guess' }), body],
      ['one for another path', 401, PATHS.messages, () => sign({ target: `GET ${PATHS.status}` }), body],
      ['an old one', 401, PATHS.messages, () => sign({ at: Date.now() - REPLAY_WINDOW_MS - 1_000 }), body],
      ['one for another body', 401, PATHS.messages, () => sign({ body: '{}' }), body],
      ['a right one for nonsense', 400, PATHS.messages, () => sign({ body: '{' }), '{'],
      ['a right one for an unknown path', 404, '/v1/calls', () => sign({ target: 'POST /v1/calls' }), body],
    ] as const) {
      it(`answers ${status} to ${what}`, async () => {
        expect(await call(path, headers(), content)).to.equal(status);
        expect(simulator.texts(PATIENT)).to.have.length(status === 202 ? 1 : 0);
      });
    }

    it('answers 413 to 8 MB', async () => {
      expect(await call(PATHS.messages, {}, 'x'.repeat(8 * 1024 * 1024))).to.equal(413);
    });
  });

  describe('its page', () => {
    const get = (path: string, headers: Record<string, string> = {}) => fetch(`${simulator.url}${path}`, { headers });
    const post = (path: string, content: unknown, headers: Record<string, string> = {}) =>
      fetch(`${simulator.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof content === 'string' ? content : JSON.stringify(content),
      });

    it('is there, and loads nothing from elsewhere', async () => {
      for (const [path, type] of [
        ['/', 'text/html'],
        ['/page.css', 'text/css'],
        ['/page.js', 'text/javascript'],
      ] as const) {
        const answer = await get(path);
        expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([200, `${type}; charset=utf-8`]);
        expect(answer.headers.get('content-security-policy')).to.include("default-src 'none'; script-src 'self'");
        expect(await answer.text()).not.to.match(/https?:\/\//);
      }
    });

    it('texts as the patient, and switches', async () => {
      expect((await post('/ui/texts', { from: PATIENT, to: LINE, text: 'Hello' })).status).to.equal(202);
      await waitFor('the text', () => server.messages.size === 1);
      for (const mode of SIMULATOR_MODES) {
        expect((await post('/ui/mode', { mode })).status).to.equal(200);
        expect(simulator.mode).to.equal(mode);
      }
      expect(await (await post('/ui/phones', { number: '212 555 0199' })).json()).to.deep.equal({
        number: '+12125550199',
      });
      expect(simulator.phones.numbers()).to.deep.equal([PATIENT, '+12125550199']);
    });

    it('streams what happens', async () => {
      const answer = await get('/ui/events');
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = (await reader?.read())?.value ?? '';
      expect(first).to.match(/^data: \{"mode":"normal"/);
      await send('Hello');
      let later = '';
      while (!later.includes('"text":"Hello"')) later += (await reader?.read())?.value ?? '';
      await reader?.cancel();
    });

    for (const [what, status, request] of [
      ['another site’s origin', 403, () => post('/ui/mode', { mode: 'down' }, { origin: 'https://evil.example' })],
      ['no JSON', 400, () => post('/ui/mode', '{')],
      ['an unknown switch', 400, () => post('/ui/mode', { mode: '__proto__' })],
      ['an invalid number', 400, () => post('/ui/phones', { number: '911' })],
      ['a phone that is off', 400, () => post('/ui/texts', { from: '+12125550111', to: LINE, text: 'x' })],
      ['an empty text', 400, () => post('/ui/texts', { from: PATIENT, to: LINE, text: '' })],
      ['a text of another type', 400, () => post('/ui/texts', { from: PATIENT, to: LINE, text: 1 })],
      ['an unknown path', 404, () => get('/page/../page.ts')],
      ['a file beside the page', 404, () => get('/main.ts')],
      ['an unknown picture', 404, () => get('/ui/pictures/abc')],
      ['another method', 405, () => fetch(`${simulator.url}/`, { method: 'DELETE' })],
    ] as const) {
      it(`answers ${status} to ${what}`, async () => {
        expect((await request()).status).to.equal(status);
        expect([server.messages.size, simulator.mode]).to.deep.equal([0, 'normal']);
      });
    }

    it('does not show what a browser could run', async () => {
      const { id } = simulator.phones.addPicture({ contentType: 'image/svg+xml', bytes: Buffer.from('<svg/>') });
      expect((await get(`/ui/pictures/${id}`)).status).to.equal(404);
    });
  });

  it('runs as a process of its own', async () => {
    const secretFile = join(await tempDir('simulator'), 'secret');
    await writeFile(secretFile, `${LOOPBACK_SECRET}\n`);
    const main = join(import.meta.dirname, '../../../src/sms/loopback/main.ts');
    const webhook = `${server.url}/carriers/loopback/webhook`;
    const child = await startChild(
      'simulator',
      process.execPath,
      [main, '--secret-file', secretFile, '--webhook', webhook],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      const { stdout } = child.process;
      if (stdout === null) throw new Error('no output');
      const [words] = (await once(stdout, 'data')) as [Buffer];
      const url = /http:\S+/.exec(words.toString())?.[0] ?? '';
      const own = createSmsCarrier('loopback', { type: 'loopback', url, secret: LOOPBACK_SECRET }, server.url);
      expect(await own.check(signal())).to.deep.include({
        ...(await own.check(signal()))[0],
        ok: true,
        result: 'running',
      });
    } finally {
      expect(await child.stop()).to.equal(0);
    }
  });
});
