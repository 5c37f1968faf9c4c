import { expect } from 'chai';
import { parseSendRequest, parseWebhookBody } from '../../../src/sms/loopback/protocol.ts';

const MESSAGE = { kind: 'message', id: '1', from: '+12125550123', to: '+12125550100', text: '', media: [] };
const REPORT = { kind: 'report', id: '1', state: 'failed', failure: 'landline' };
const SEND = { id: '1', from: '+12125550100', to: '+12125550123', text: 'x', media: [] };

describe('the loopback protocol', () => {
  for (const body of [MESSAGE, REPORT, { ...MESSAGE, media: [{ url: '/v1/media/1', contentType: 'image/png' }] }]) {
    it(`reads ${JSON.stringify(body)}`, () => {
      expect(parseWebhookBody(json(body))).to.deep.equal(body);
    });
  }

  it('drops what it does not know', () => {
    expect(parseWebhookBody(json({ ...REPORT, failure: undefined, state: 'sent', extra: 1 }))).to.deep.equal({
      kind: 'report',
      id: '1',
      state: 'sent',
    });
  });

  for (const body of [
    ...['', 'null', '[]', '{', '"text"', '{}', '['.repeat(50_000)].map((text) => Buffer.from(text)),
    Buffer.from([0xff, 0xfe]),
    json({ ...MESSAGE, id: '' }),
    json({ ...MESSAGE, id: 'with space' }),
    json({ ...MESSAGE, id: 7 }),
    json({ ...MESSAGE, from: undefined }),
    json({ ...MESSAGE, to: 'x'.repeat(65) }),
    json({ ...MESSAGE, text: null }),
    json({ ...MESSAGE, media: {} }),
    json({ ...MESSAGE, media: [{ url: 1, contentType: 'image/png' }] }),
    json({ ...MESSAGE, media: [{ url: '/x', contentType: 'image/png\r\nx: y' }] }),
    json({ ...MESSAGE, media: Array.from({ length: 11 }, () => ({ url: '/x', contentType: 'image/png' })) }),
    json({ ...MESSAGE, kind: 'other' }),
    json({ ...REPORT, state: 'ready' }),
    json({ ...REPORT, failure: '__proto__' }),
  ]) {
    it(`does not take ${body.subarray(0, 120).toString()} (${body.length} bytes)`, () => {
      expect(parseWebhookBody(body)).to.equal(undefined);
    });
  }

  for (const body of [
    { ...SEND, id: undefined },
    { ...SEND, text: 1 },
    { ...SEND, media: [{ contentType: 'image/png' }] },
    [],
  ]) {
    it(`takes no send of ${JSON.stringify(body)}`, () => {
      expect(parseSendRequest(json(body))).to.equal(undefined);
    });
  }
});

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
