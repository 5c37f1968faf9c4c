import { createSmsCarrier } from '../../../src/sms/index.ts';
import type { WebhookRequest } from '../../../src/ports/sms-carrier.ts';
import { smsCarrierContract } from '../../support/sms-carrier-contract.ts';
import { FakeSmsbox } from './fake-smsbox.ts';

const SECRET = 'kannel-secret';

smsCarrierContract('kannel', async () => {
  const smsbox = new FakeSmsbox();
  await smsbox.start();
  const { port } = smsbox;
  const carrier = createSmsCarrier(
    'kannel',
    {
      type: 'kannel',
      url: `http://127.0.0.1:${port}/cgi-bin/sendsms`,
      username: 'carebridge',
      password: 'pass',
      smsc: 'fake1',
      webhookSecret: SECRET,
      statusUrl: `http://127.0.0.1:${port}`,
      statusPassword: 'status',
    },
    'http://127.0.0.1:9000',
  );
  const report = (outboxId: string, type: number) =>
    webhook(`${SECRET}/dlr`, { ref: outboxId, type: String(type) }, { method: 'GET' });
  return {
    carrier,
    behave: (as) => (smsbox.behaviour = as),
    taken: () => smsbox.texts,
    called: () => smsbox.called(),
    goDown: () => smsbox.stop(),
    message: ({ id, from, to, text }) =>
      webhook(`${SECRET}/mo`, { id, from, to, coding: '0' }, { body: Buffer.from(text) }),
    reports: (outboxId) => [
      { request: report(outboxId, 4), state: 'accepted' },
      { request: report(outboxId, 8), state: 'sent' },
      { request: report(outboxId, 1), state: 'delivered' },
      { request: report(outboxId, 2), state: 'failed', failure: 'unreachable' },
      { request: report(outboxId, 16), state: 'failed', failure: 'other' },
    ],
    forge: (request) => ({ ...request, path: request.path.replace(SECRET, 'guess') }),
    nonsense: () => [
      webhook(`${SECRET}/mo`, {}),
      webhook(`${SECRET}/mo`, { id: '1', from: '+12125550123', to: '+12125550100' }, { method: 'GET' }),
      webhook(
        `${SECRET}/mo`,
        { id: '1', from: '+12125550123', to: '+12125550100', coding: '1' },
        { headers: { 'content-type': 'application/octet-stream' } },
      ),
      webhook(`${SECRET}/dlr`, { ref: '+12125550123' }),
      webhook(`${SECRET}/dlr`, { ref: 'out-1', type: '64' }),
      webhook(`${SECRET}/`, {}),
    ],
    [Symbol.asyncDispose]: () => smsbox.stop(),
  };
});

function webhook(path: string, query: Record<string, string>, change: Partial<WebhookRequest> = {}): WebhookRequest {
  return {
    method: 'POST',
    path,
    query: new URLSearchParams(query),
    body: new Uint8Array(),
    headers: { 'content-type': 'text/plain; charset="UTF-8"' },
    ...change,
  };
}
