import express, { type Router } from 'express';
import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** Something without which messages do not get through. */
export interface ReadinessCheck {
  /** Fixed, e.g. `database`. */
  readonly name: string;
  /** A short PHI-free sentence on what is wrong, or undefined where nothing is. Must not take long; a fault counts as not ready. */
  readonly problem: () => Promise<string | undefined>;
}

/** Time for one check, ms. */
const CHECK_TIMEOUT_MS = 3_000;

/** `/health`: the process runs. `/ready`: it can do its work, 503 where it cannot, with each check's result. */
export function health(checks: readonly ReadinessCheck[], log: Logger, timeoutMs = CHECK_TIMEOUT_MS): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.get('/health', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/ready', async (_request, response) => {
    const problems = await Promise.all(checks.map((check) => problemOf(check, log, timeoutMs)));
    const isReady = problems.every((problem) => problem === undefined);
    response.status(isReady ? 200 : 503).json({
      status: isReady ? 'ready' : 'not ready',
      checks: Object.fromEntries(checks.map(({ name }, index) => [name, problems[index] ?? 'ok'])),
    });
  });
  return router;
}

async function problemOf(
  { name, problem }: ReadinessCheck,
  log: Logger,
  timeoutMs: number,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer in time'), timeoutMs);
  });
  try {
    return await Promise.race([problem(), tooSlow]);
  } catch (error) {
    log.warn('ready.check-failed', { name, error });
    return error instanceof RetryableError ? error.message : 'the check failed; see the log';
  } finally {
    clearTimeout(timer);
  }
}
