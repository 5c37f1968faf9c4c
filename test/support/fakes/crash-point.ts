/** Thrown where the process is supposed to die. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

const NOT_CALLS = new Set(['afterCommit', 'inboxLane', 'readWebhook']);

/**
 * Ends the process at its `at`-th call of a port: `before` the call has an effect, or `after`, so that nobody hears its answer. From then on every call
 * fails, since a dead process does nothing more.
 */
export class CrashPoint {
  readonly #at: number;
  readonly #when: 'before' | 'after';
  readonly #stopping = new AbortController();
  #calls = 0;
  /** The call at which it ended, e.g. `outbox.advance`, or undefined as long as it lives. */
  where: string | undefined;

  constructor(at: number, when: 'before' | 'after') {
    this.#at = at;
    this.#when = when;
  }

  /** Aborted when the process ends. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** `target` with the crash in it. */
  readonly wrap = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get: (_target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof property === 'symbol' || NOT_CALLS.has(property)) return bound(value, target);
        if (typeof value === 'function') return this.#call(`${name}.${property}`, value, target);
        return typeof value === 'object' && value !== null && !Array.isArray(value)
          ? this.wrap(`${name}.${property}`, value)
          : value;
      },
    });

  #call(name: string, method: unknown, target: object) {
    return async (...args: unknown[]) => {
      if (this.where !== undefined) throw new Crash(this.where);
      const isLast = ++this.#calls === this.#at;
      if (isLast && this.#when === 'before') this.#end(name);
      const answer: unknown = await (method as (...args: unknown[]) => unknown).apply(target, args);
      if (isLast) this.#end(name);
      return answer;
    };
  }

  #end(name: string): never {
    this.where = `${this.#when} ${name}`;
    this.#stopping.abort();
    throw new Crash(this.where);
  }
}

function bound(value: unknown, target: object): unknown {
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
}
