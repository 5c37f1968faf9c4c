/** A plain HTTP client with kept connections: what a bare script would use. */
import { Agent, request as httpRequest } from 'node:http';

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Makes requests. `close` ends its connections. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, timeout: 20_000 });

  request(method: string, url: string, headers: Record<string, string>, body: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(url, {
        method,
        agent: this.#agent,
        headers: { 'content-type': 'application/json', ...headers, 'content-length': body.length },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      request.end(body);
    });
  }

  /** The JSON of an answer that must be 200. */
  async json(method: string, url: string, token: string | undefined, body: object = {}): Promise<object> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const bytes = method === 'GET' ? new Uint8Array() : Buffer.from(JSON.stringify(body));
    const answer = await this.request(method, url, headers, bytes);
    if (answer.status !== 200)
      throw new Error(`${method} ${url.split('?', 1)[0]}: ${answer.status} ${answer.body.toString()}`);
    return JSON.parse(answer.body.toString()) as object;
  }

  close(): void {
    this.#agent.destroy();
  }
}
