import { expect } from 'chai';
import type { WebhookRequest } from '../../../src/ports/sms-carrier.ts';
import { readKannelWebhook } from '../../../src/sms/kannel/webhook.ts';

const SECRET = 'k4nnel secret';
const PATH = encodeURIComponent(SECRET);
const MESSAGE = 'id=2f1d6a3e-1&from=%2B12125550123&to=%2B12125550100';

function request(path: string, query: string, change: Partial<WebhookRequest> = {}): WebhookRequest {
  return {
    method: 'POST',
    path: `${PATH}/${path}`,
    query: new URLSearchParams(query),
    headers: { 'content-type': 'text/plain; charset="UTF-8"' },
    body: Buffer.from('Hello é 😀'),
    ...change,
  };
}

function textOf(webhook: WebhookRequest): string {
  const outcome = readKannelWebhook(webhook, SECRET);
  if (!('event' in outcome) || outcome.event.kind !== 'message') throw new Error(JSON.stringify(outcome));
  return outcome.event.text;
}

describe('readKannelWebhook: a patient’s text', () => {
  it('reads it', () => {
    expect(readKannelWebhook(request('mo', MESSAGE), SECRET)).to.deep.equal({
      event: {
        kind: 'message',
        carrierMessageId: '2f1d6a3e-1',
        from: '+12125550123',
        to: '+12125550100',
        text: 'Hello é 😀',
        media: [],
      },
    });
  });

  const utf16 = Buffer.from('Hi 😀', 'utf16le').swap16();
  for (const [what, webhook, text] of [
    [
      'UTF-16BE, where mo-recode is off',
      request('mo', `${MESSAGE}&coding=2`, {
        headers: { 'content-type': 'text/plain; charset="UTF-16BE"' },
        body: utf16,
      }),
      'Hi 😀',
    ],
    [
      'the charset of the parameter where the type has none',
      request('mo', `${MESSAGE}&charset=UTF-16BE`, { headers: { 'content-type': 'text/plain' }, body: utf16 }),
      'Hi 😀',
    ],
    [
      'latin1',
      request('mo', MESSAGE, {
        headers: { 'content-type': 'text/plain; charset=ISO-8859-1' },
        body: Buffer.from([0x63, 0xe9]),
      }),
      'cé',
    ],
    [
      'the parameter where there is no body',
      request('mo', `${MESSAGE}&text=Hi+%C3%A9`, { body: new Uint8Array() }),
      'Hi é',
    ],
    ['no text at all', request('mo', MESSAGE, { body: new Uint8Array() }), ''],
    ['wrong bytes as U+FFFD', request('mo', MESSAGE, { body: Buffer.from([0x41, 0xff]) }), 'A\ufffd'],
  ] as const) {
    it(`takes ${what}`, () => {
      expect(textOf(webhook)).to.equal(text);
    });
  }

  for (const [what, webhook, expected] of [
    ['no secret', request('mo', MESSAGE, { path: 'mo' }), { refused: 401, detail: 'wrong secret' }],
    ['a wrong secret', request('mo', MESSAGE, { path: 'wrong/mo' }), { refused: 401, detail: 'wrong secret' }],
    ['half an escape', request('mo', MESSAGE, { path: '%E0%A4%A/mo' }), { refused: 401, detail: 'wrong secret' }],
    ['an unknown path', request('other', MESSAGE), { refused: 404, detail: 'unknown path' }],
    ['a longer path', request('mo/../dlr', MESSAGE), { refused: 404, detail: 'unknown path' }],
    [
      'GET, which has the text in the URL',
      request('mo', MESSAGE, { method: 'GET' }),
      { refused: 405, detail: 'use post-url, which keeps the text out of URLs' },
    ],
    ['no id', request('mo', 'from=1&to=2'), { refused: 400, detail: 'no id=%I in post-url' }],
    [
      'an endless id',
      request('mo', `id=${'x'.repeat(65)}&from=1&to=2`),
      { refused: 400, detail: 'no id=%I in post-url' },
    ],
    ['no sender', request('mo', 'id=1&to=2'), { refused: 400, detail: 'no from=%p or to=%P in post-url' }],
    ['no receiver', request('mo', 'id=1&from=2'), { refused: 400, detail: 'no from=%p or to=%P in post-url' }],
    [
      'a charset nobody knows',
      request('mo', MESSAGE, { headers: { 'content-type': 'text/plain; charset=klingon' } }),
      { refused: 400, detail: 'unknown charset; set mo-recode = true' },
    ],
    ['a binary message', request('mo', `${MESSAGE}&coding=1`), { ignored: true, detail: 'binary message' }],
    [
      'a binary type',
      request('mo', MESSAGE, { headers: { 'content-type': 'application/octet-stream' } }),
      { ignored: true, detail: 'binary message' },
    ],
  ] as const) {
    it(`does not take ${what}`, () => {
      expect(readKannelWebhook(webhook, SECRET)).to.deep.equal(expected);
    });
  }
});

describe('readKannelWebhook: a report', () => {
  for (const [type, expected] of [
    [1, { state: 'delivered' }],
    [2, { state: 'failed', failure: 'unreachable' }],
    [4, { state: 'accepted' }],
    [8, { state: 'sent' }],
    [16, { state: 'failed', failure: 'other' }],
    [9, { state: 'delivered' }],
  ] as const) {
    it(`reads type ${type} as ${expected.state}`, () => {
      const webhook = request('dlr', `ref=out-1&type=${type}`, { method: 'GET', body: new Uint8Array() });
      expect(readKannelWebhook(webhook, SECRET)).to.deep.equal({
        event: { kind: 'report', reference: { outboxId: 'out-1' }, ...expected },
      });
    });
  }

  for (const [query, method, expected] of [
    ['ref=out-1&type=32', 'GET', { ignored: true, detail: 'report of type 32' }],
    ['ref=out-1', 'GET', { refused: 400, detail: 'no ref or type' }],
    ['type=1', 'GET', { refused: 400, detail: 'no ref or type' }],
    ['ref=out-1&type=one', 'GET', { refused: 400, detail: 'no ref or type' }],
    ['ref=out-1&type=1', 'DELETE', { refused: 405, detail: 'use GET' }],
  ] as const) {
    it(`does not take ${method} ${query}`, () => {
      expect(readKannelWebhook(request('dlr', query, { method }), SECRET)).to.deep.equal(expected);
    });
  }
});
