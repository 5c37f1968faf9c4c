/** Closed loops: so many at work at once, each starting its next piece when the last is done. */

/** Runs `work` for every item, `width` at a time. Returns how long all of it took, ms. */
export async function inFlight<T>(
  width: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, loop));
  return performance.now() - startedAt;
}

/** One loop for each lane, in which `count` pieces follow one another. Returns how long all of it took, ms. */
export async function lanes<T>(
  all: readonly T[],
  count: number,
  work: (lane: T, index: number) => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    all.map(async (lane) => {
      for (let index = 0; index < count; index++) await work(lane, index);
    }),
  );
  return performance.now() - startedAt;
}

/** Rejects where `promise` takes longer than `ms`; `what` says what was waited for. */
export async function within<T>(ms: number, what: () => string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms / 1_000} s in vain for ${what()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
