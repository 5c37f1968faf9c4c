import { expect } from 'chai';
import { signatureHeaders } from '../../../src/sms/loopback/signature.ts';
import { LoopbackSimulator } from '../../../src/sms/loopback/simulator.ts';
import { badEverywhere, type BadRequest } from '../../support/bad-requests.ts';
import { head, rawRequest, type RawRequest, type Sendable } from '../../support/raw-request.ts';

const SECRET = 'loopback-secret';
const LINE = '+12125550100';
const PATIENT = '+12125550123';
const TEXT = { id: 'out-1', from: LINE, to: PATIENT, text: 'planted text', media: [] };

interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Signed, or of the page. */
  readonly isSigned: boolean;
  readonly bodies: readonly (string | Buffer)[];
}

const NOT_JSON: readonly (string | Buffer)[] = [
  ...['', 'x=1', '{"half":', 'null', '[]', '1', '['.repeat(100_000)],
  ...[Buffer.from([0x22, 0xff, 0xfe, 0x22]), Buffer.from('{}', 'utf16le')],
];

const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/v1/messages',
    isSigned: true,
    bodies: [
      ...NOT_JSON,
      ...['{}', '{"__proto__":{"id":"x"}}', JSON.stringify({ ...TEXT, id: '' }), JSON.stringify({ ...TEXT, to: 1 })],
      ...[JSON.stringify({ ...TEXT, text: {} }), JSON.stringify({ ...TEXT, media: [{ contentType: 1 }] })],
    ],
  },
  { method: 'GET', path: '/v1/status', isSigned: true, bodies: [] },
  { method: 'GET', path: '/v1/media/abc', isSigned: true, bodies: [] },
  {
    method: 'POST',
    path: '/ui/texts',
    isSigned: false,
    bodies: [...NOT_JSON, '{}', '{"from":1}', JSON.stringify({ from: PATIENT, to: LINE, text: '' })],
  },
  { method: 'POST', path: '/ui/mode', isSigned: false, bodies: [...NOT_JSON, '{}', '{"mode":"toString"}'] },
  { method: 'POST', path: '/ui/phones', isSigned: false, bodies: [...NOT_JSON, '{}', '{"number":"911"}'] },
  { method: 'GET', path: '/', isSigned: false, bodies: [] },
];

describe('bad input at the simulated carrier', () => {
  let simulator: LoopbackSimulator;
  let port: number;

  before(async () => {
    simulator = new LoopbackSimulator({ secret: SECRET, webhookUrl: 'http://127.0.0.1:1/', phones: [PATIENT] });
    await simulator.start();
    port = Number(new URL(simulator.url).port);
  });
  after(() => simulator.stop());

  for (const endpoint of ENDPOINTS) {
    const cases = badRequests(endpoint);
    describe(`${endpoint.method} ${endpoint.path} (${cases.length} kinds)`, () => {
      for (const [what, status, request] of cases) {
        it(`answers ${String(status)} to ${what}`, async () => {
          const answer = await rawRequest(port, () => local(request));
          expect(answer.status, answer.text.slice(0, 300)).to.be.oneOf([status].flat());
          expect(answer.text).not.to.match(new RegExp(`${SECRET}|planted|src/`));
        });
      }
    });
  }

  describe('afterwards', () => {
    it('nothing was sent or switched, and it still answers', async () => {
      expect([simulator.texts(PATIENT), simulator.mode, simulator.phones.numbers()]).to.deep.equal([
        [],
        'normal',
        [PATIENT],
      ]);
      expect((await fetch(simulator.url)).status).to.equal(200);
    });
  });
});

/** A name that is none of this machine's own is refused before anything else. */
function local(sendable: Sendable): RawRequest {
  const request = typeof sendable === 'function' ? sendable() : sendable;
  return { ...request, head: request.head.replace('host: carebridge.test', 'host: 127.0.0.1') };
}

function badRequests({ method, path, isSigned, bodies }: Endpoint): BadRequest[] {
  const sent = (content: string | Buffer) => () => {
    const body = Buffer.from(content);
    const signature = isSigned ? signatureHeaders(SECRET, { target: `${method} ${path}`, body }) : {};
    return { head: head(method, path, { ...signature, 'content-length': body.length }), body };
  };
  const signed = (headers: Readonly<Record<string, string>>): RawRequest => ({
    head: head(method, path, { ...headers, 'content-length': 0 }),
  });
  const wrong = (secret: string, at = Date.now()): RawRequest =>
    signed(signatureHeaders(secret, { target: `${method} ${path}`, body: Buffer.alloc(0) }, at));
  return [
    ...badEverywhere({ method, path, answers: [200, 400, 401, 404] }),
    ...bodies.map((body): BadRequest => [JSON.stringify(String(body).slice(0, 100)), 400, sent(body)]),
    ...(isSigned
      ? ([
          ['no signature', 401, signed({})],
          ['a wrong signature', 401, wrong('guess')],
          ['an old signature', 401, wrong(SECRET, Date.now() - 86_400_000)],
          ['a signature of tomorrow', 401, wrong(SECRET, Date.now() + 86_400_000)],
        ] satisfies BadRequest[])
      : ([
          ['another site’s origin', 403, signed({ origin: 'https://evil.example' })],
          ['DELETE', 405, { head: head('DELETE', path, { 'content-length': 0 }) }],
        ] satisfies BadRequest[])),
  ];
}
