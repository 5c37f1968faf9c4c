import { isAway } from './storage-fault.ts';

/** Until when the database took nothing: whatever waited for it meanwhile comes late. */
export class Outage {
  #isAway = false;
  #until: number | undefined;

  /** Something failed; what is no sign that the database is away, or full, is not counted. */
  failed(error: unknown): void {
    if (isAway(error)) this.#isAway = true;
  }

  /** Something was written. */
  wrote(): void {
    if (this.#isAway) this.#until = Date.now();
    this.#isAway = false;
  }

  /** Unix ms, now where it is still so; undefined: it was not, since the process began. */
  until(): number | undefined {
    return this.#isAway ? Date.now() : this.#until;
  }
}
