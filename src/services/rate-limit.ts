/** How much may be done at once, and how fast it comes back. */
export interface RateLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** Lets so much be done at once, and then so much a second. */
export class RateLimit {
  readonly #limits: RateLimits;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  /** `now`: Unix ms. */
  constructor(limits: RateLimits, now: () => number = Date.now) {
    this.#limits = limits;
    this.#now = now;
    this.#tokens = limits.burst;
    this.#at = now();
  }

  /** Takes one where there is one. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** How long until there is one, ms. */
  get waitMs(): number {
    this.#refill();
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#limits.perSecond) * 1_000);
  }

  /** True where nothing was taken lately. */
  get isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#limits.burst;
  }

  #refill(): void {
    const now = this.#now();
    const gained = (Math.max(0, now - this.#at) / 1_000) * this.#limits.perSecond;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + gained);
    this.#at = now;
  }
}
