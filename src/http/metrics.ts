import express, { type Router } from 'express';

/** Prometheus text, made when asked. Labels are PHI-free. */
export type MetricsSource = () => Promise<{ readonly contentType: string; readonly text: string }>;

/**
 * `/metrics` for a Prometheus that asks this listener directly. A request that a proxy says it passed on (`X-Forwarded-For`, `Forwarded`), and so perhaps
 * came from outside, is refused: a second fence behind a proxy that passes on `/carriers/` alone. A proxy that sets neither is not noticed.
 */
export function metrics(source: MetricsSource): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.get('/metrics', async (request, response) => {
    if (request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined) {
      response.status(403).json({ error: 'not through a proxy' });
      return;
    }
    const { contentType, text } = await source();
    response.type(contentType).send(text);
  });
  return router;
}
