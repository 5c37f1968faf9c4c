/** Something outside of us that staff may miss. */
export interface OutsideService {
  /** What does not work without it, e.g. `texts by kannel`. */
  readonly what: string;
  /** Must give up when `signal` aborts. */
  readonly isUp: (signal: AbortSignal) => Promise<boolean>;
}

/** Nobody in an emergency waits longer for the news of what else is broken. ms. */
const TIMEOUT_MS = 1_500;

/** Asks all of them at once; returns what does not work now. Never throws: what cannot be asked does not work (B2). */
export function whatIsDown(
  services: readonly OutsideService[],
  timeoutMs = TIMEOUT_MS,
): () => Promise<readonly string[]> {
  return async () => {
    const found = await Promise.all(
      services.map(async (service) => ((await isUp(service, timeoutMs)) ? [] : [service.what])),
    );
    return found.flat();
  };
}

async function isUp(service: OutsideService, timeoutMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutMs);
  const late = new Promise<false>((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
  try {
    return await Promise.race([service.isUp(signal), late]);
  } catch {
    return false;
  }
}
