/** Runs tasks one after another, in the order in which they were handed over. A task that fails does not stop the next. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  async run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    // Whoever waits next does not care how this one ended; its caller does.
    this.#last = result.catch(() => undefined);
    return await result;
  }
}
