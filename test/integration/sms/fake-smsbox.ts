import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalServer } from '../../support/local-server.ts';
import type { PeerBehaviour } from '../../support/sms-carrier-contract.ts';

/** What Kannel understood of a request. */
export interface SmsboxText {
  readonly id: string;
  readonly to: string;
  readonly from: string;
  readonly text: string;
}

/**
 * A stand-in for smsbox that can be made to fail in ways the real one cannot be; `kannel.test.ts` has the real one. Answers are those seen from Kannel
 * 1.4.5. Characters that the chosen coding lacks become `?`, as there.
 */
export class FakeSmsbox extends LocalServer {
  readonly texts: SmsboxText[] = [];
  behaviour: PeerBehaviour = 'accept';

  async called(): Promise<void> {
    await once(this.server, 'request');
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const end = (status: number, words: string) => void response.writeHead(status).end(words);
    const header = (name: string) => request.headers[`x-kannel-${name}`]?.toString() ?? '';
    if (request.url?.startsWith('/status.txt'))
      return end(200, 'Kannel bearerbox version 1.4.5\nfake1 FAKE (online 5s)');
    if (header('username') !== 'carebridge' || header('password') !== 'pass')
      return end(403, 'Authorization failed for sendsms');
    if (header('to') === '') return end(400, 'Missing receiver number, rejected');
    if (this.behaviour === 'hang') return;
    if (this.behaviour === 'busy') return end(503, 'Temporal failure, try again later.');
    if (this.behaviour === 'refuse') return end(403, 'Not routable. Do not try again.');
    const text = Buffer.concat(chunks).toString();
    this.texts.push({
      id: new URL(header('dlr-url')).searchParams.get('ref') ?? '',
      to: header('to'),
      from: header('from'),
      text:
        header('coding') === '2'
          ? text
          : text.replaceAll(/[’“”–êï\u0080-\u009f]|[\u0100-\u20ab]|[\u20ad-\u{10ffff}]/gu, '?'),
    });
    if (this.behaviour === 'drop') request.socket.destroy();
    else end(202, '0: Accepted for delivery');
  }
}
