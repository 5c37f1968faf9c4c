import type { UserId } from '../../../src/model/ids.ts';
import type { Homeserver, HomeserverRequest } from '../../../src/matrix/homeserver.ts';
import { toFault } from '../../../src/matrix/matrix-fault.ts';

/** A Matrix error as the library throws it. */
export function refusal(statusCode: number, errcode: string, more: Record<string, unknown> = {}): Error {
  return Object.assign(new Error('what the homeserver wrote'), { statusCode, errcode, ...more });
}

/** Answers from a function; keeps what it was asked. */
export class FakeHomeserver implements Homeserver {
  readonly calls: string[] = [];
  readonly registered: UserId[] = [];
  answer: (request: HomeserverRequest, as: UserId) => Record<string, unknown> | Promise<Record<string, unknown>>;

  constructor(answer: FakeHomeserver['answer'] = () => ({})) {
    this.answer = answer;
  }

  async call(as: UserId, attempt: string, request: HomeserverRequest): Promise<Record<string, unknown>> {
    this.calls.push(`${as} ${request.method} ${request.path}`);
    try {
      return await this.answer(request, as);
    } catch (error) {
      throw toFault(error, attempt);
    }
  }

  async ensureRegistered(user: UserId): Promise<void> {
    this.registered.push(user);
  }
}
