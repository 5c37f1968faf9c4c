/**
 * Remembers which rows were handed out, so that a wake-up is not lost that comes between a handler's look at the outside and the `retry` by which its row
 * goes back to waiting.
 */
export class Claims {
  readonly #woken = new Map<string, boolean>();

  /** The row was handed to a handler. */
  claim(id: string): void {
    this.#woken.set(id, false);
  }

  /** Some rows were woken; which of those handed out are among them need not be known: looking once too often does no harm. */
  wake(): void {
    for (const id of this.#woken.keys()) this.#woken.set(id, true);
  }

  /** The handler is through with the row; true where it was woken meanwhile. */
  release(id: string): boolean {
    const wasWoken = this.#woken.get(id) ?? false;
    this.#woken.delete(id);
    return wasWoken;
  }
}
