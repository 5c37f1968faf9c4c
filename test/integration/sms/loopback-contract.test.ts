import type { WebhookRequest } from '../../../src/ports/sms-carrier.ts';
import { createSmsCarrier } from '../../../src/sms/index.ts';
import type { SimulatorMode } from '../../../src/sms/loopback/mode.ts';
import { signatureHeaders } from '../../../src/sms/loopback/signature.ts';
import { LoopbackSimulator } from '../../../src/sms/loopback/simulator.ts';
import { smsCarrierContract, type PeerBehaviour } from '../../support/sms-carrier-contract.ts';

const SECRET = 'loopback-secret';
const MODES: Record<PeerBehaviour, SimulatorMode> = {
  accept: 'normal',
  refuse: 'refuse',
  busy: 'down',
  drop: 'drop',
  hang: 'slow',
};

smsCarrierContract('loopback', async () => {
  // Nobody listens to its reports: the contract makes its own.
  const simulator = new LoopbackSimulator({
    secret: SECRET,
    webhookUrl: 'http://127.0.0.1:1/',
    reports: [],
    slowMs: 60_000,
  });
  await simulator.start();
  return {
    carrier: createSmsCarrier(
      'loopback',
      { type: 'loopback', url: simulator.url, secret: SECRET },
      'http://127.0.0.1:9000',
    ),
    behave: (as) => simulator.setMode(MODES[as]),
    taken: () =>
      [...simulator.phones.numbers()]
        .flatMap((phone) => simulator.texts(phone))
        .map(({ outboxId = '', phone, line, text }) => ({ id: outboxId, from: line, to: phone, text })),
    called: () => simulator.waitForCall(),
    goDown: () => simulator.stop(),
    message: (text) => signed({ kind: 'message', media: [], ...text }),
    reports: (id) => [
      ...(['accepted', 'sent', 'delivered', 'failed'] as const).map((state) => ({
        request: signed({ kind: 'report', id, state }),
        state,
      })),
      {
        request: signed({ kind: 'report', id, state: 'failed', failure: 'landline' }),
        state: 'failed',
        failure: 'landline',
      },
    ],
    forge: (request) => ({ ...request, headers: signatureHeaders('guess', { target: 'webhook', body: request.body }) }),
    nonsense: () => [
      signed('not an object'),
      signed({ kind: 'message', id: '1', from: '+12125550123' }),
      signed({ kind: 'report', id: '+12125550123', state: 'lost' }),
      { ...signed({ kind: 'report', id: '1', state: 'sent' }), path: 'other' },
      { ...signed({ kind: 'report', id: '1', state: 'sent' }), method: 'PUT' },
    ],
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
});

function signed(content: unknown): WebhookRequest {
  const body = Buffer.from(JSON.stringify(content));
  return {
    method: 'POST',
    path: 'webhook',
    query: new URLSearchParams(),
    body,
    headers: signatureHeaders(SECRET, { target: 'webhook', body }),
  };
}
