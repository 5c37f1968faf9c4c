import type { UserId } from '../model/ids.ts';
import type { HomeserverCalls, HomeserverRequest } from './homeserver.ts';
import type { MatrixHttp } from './matrix-http.ts';

/** The homeserver without the bridge library: for the command line, where no bridge runs. The time-out is that of `http`. */
export class HttpHomeserver implements HomeserverCalls {
  readonly #http: Pick<MatrixHttp, 'call'>;

  constructor(http: Pick<MatrixHttp, 'call'>) {
    this.#http = http;
  }

  call(as: UserId, attempt: string, request: HomeserverRequest): Promise<Record<string, unknown>> {
    return this.#http.call(attempt, { ...request, as });
  }
}
