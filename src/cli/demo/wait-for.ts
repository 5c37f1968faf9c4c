/** Waiting for something to become true, with a time-out that says what was waited for. */
import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** As long as nothing takes that is not stuck, also where other programs have the machine for seconds at a time. */
export const PATIENCE_MS = 30_000;

export interface WaitOptions {
  /** Give up after this long; PATIENCE_MS where left out. */
  readonly timeoutMs?: number;
  /** How often a condition that announces nothing is looked at. */
  readonly everyMs?: number;
  /** Told in the time-out's message: what was the case instead. */
  readonly instead?: () => string | Promise<string>;
}

/** Asks `condition` until it answers something truthy, and returns that. Only for what announces nothing (another process, a file). */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = PATIENCE_MS, everyMs = 25, instead }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() >= deadline) throw await timeout(what, timeoutMs, instead);
    await delay(everyMs);
  }
}

/** Asks `condition` now and each time `emitter` emits one of `events`, until it answers something truthy, and returns that. */
export async function waitForEvent<T>(
  what: string,
  emitter: Pick<EventEmitter, 'on' | 'off'>,
  events: readonly string[],
  condition: () => T,
  { timeoutMs = PATIENCE_MS, instead }: WaitOptions = {},
): Promise<NonNullable<T>> {
  let check = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<NonNullable<T>>((resolve, reject) => {
      check = () => {
        try {
          const value = condition();
          if (value) resolve(value);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      timer = setTimeout(() => void timeout(what, timeoutMs, instead).then(reject), timeoutMs);
      for (const event of events) emitter.on(event, check);
      check();
    });
  } finally {
    clearTimeout(timer);
    for (const event of events) emitter.off(event, check);
  }
}

async function timeout(what: string, timeoutMs: number, instead: WaitOptions['instead']): Promise<Error> {
  const found = instead ? ` Instead: ${await instead()}` : '';
  return new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.${found}`);
}
