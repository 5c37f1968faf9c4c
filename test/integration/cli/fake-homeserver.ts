import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalServer } from '../../support/local-server.ts';

/** An answer: status, body, and headers where they matter. */
export type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

/** As much of a homeserver as `doctor` asks for. Everything is fine until a test says otherwise in `answers`. */
export class FakeHomeserver extends LocalServer {
  /** By method and path, e.g. `GET /_matrix/client/versions`; `never`: there is none. */
  readonly answers = new Map<string, Answer | 'never'>();
  readonly requests: string[] = [];
  /** The token it has for us. */
  hsToken = '';
  asToken = '';
  /** Where it would send transactions. */
  appserviceUrl = '';

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request);
    if (answer === 'never') return;
    const [status, body, headers = {}] = answer;
    response.writeHead(status, { server: 'Synapse/1.163.2', ...headers }).end(JSON.stringify(body));
  }

  async #answer(request: IncomingMessage): Promise<Answer | 'never'> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const what = `${request.method} ${request.url?.split('?')[0]}`;
    this.requests.push(what);
    const given = this.answers.get(what);
    if (given) return given;
    switch (what) {
      case 'GET /_matrix/client/versions':
        return [200, { versions: ['r0.6.1', 'v1.11', 'v1.12'] }];
      case 'GET /_matrix/client/v1/auth_metadata':
        return [404, { errcode: 'M_UNRECOGNIZED' }];
    }
    if (request.headers.authorization !== `Bearer ${this.asToken}`) return [401, { errcode: 'M_UNKNOWN_TOKEN' }];
    switch (what) {
      case 'GET /_matrix/client/v3/account/whoami':
        return [200, { user_id: '@_carebridge:hospital.example' }];
      case 'GET /_synapse/admin/v1/server_version':
        return [200, { server_version: '1.163.2' }];
      case 'GET /_synapse/admin/v2/users/%40carebridge%3Ahospital.example':
        return [404, { errcode: 'M_NOT_FOUND' }];
      case 'POST /_matrix/client/v1/appservice/carebridge/ping':
        return this.#ping(body);
      case 'POST /_matrix/client/v3/register':
        return [400, { errcode: 'M_USER_IN_USE' }];
      case 'PUT /_matrix/client/v3/devices/CAREBRIDGE_DOCTOR':
        return [201, {}];
      case 'POST /_matrix/client/v3/keys/query':
        return [200, {}];
      case 'DELETE /_matrix/client/v3/devices/CAREBRIDGE_DOCTOR':
        return [200, {}];
      default:
        return [404, { errcode: 'M_UNRECOGNIZED' }];
    }
  }

  async #ping(body: string): Promise<Answer> {
    const { transaction_id } = JSON.parse(body) as { transaction_id: string };
    try {
      const answer = await fetch(`${this.appserviceUrl}/_matrix/app/v1/ping`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.hsToken}` },
        body: JSON.stringify({ transaction_id }),
      });
      if (answer.ok) return [200, { duration_ms: 1 }];
      return [502, { errcode: 'M_BAD_STATUS', status: answer.status }];
    } catch {
      return [502, { errcode: 'M_CONNECTION_FAILED' }];
    }
  }
}
