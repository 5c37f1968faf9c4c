/** The HTTP side that carriers, monitoring and load balancers see. The homeserver has its own listener. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { ListenAddress } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { whyNotListening } from '../model/why-not-listening.ts';
import { carrierWebhooks, type CarrierWebhookParts } from './carrier-webhooks.ts';
import { health, type ReadinessCheck } from './health.ts';
import { metrics, type MetricsSource } from './metrics.ts';

/** What the endpoints are made of. */
export interface HttpParts extends CarrierWebhookParts {
  readonly checks: readonly ReadinessCheck[];
  readonly metrics: MetricsSource;
  readonly log: Logger;
}

/** A listener that can be told to finish. */
export interface HttpServer extends AsyncDisposable {
  /** Starts listening; returns the port, which matters where the configured one is 0. Throws ConfigError where the address cannot be used. */
  listen(address: ListenAddress): Promise<number>;
  /** Takes no new connection, lets requests in hand finish, and after `graceMs` breaks off the rest. */
  close(graceMs?: number): Promise<void>;
}

/** Times that tests shorten. */
export interface HttpLimits {
  /** For the whole of one request to arrive. */
  readonly requestTimeoutMs?: number;
  /** For one readiness check. */
  readonly checkTimeoutMs?: number;
}

/** Slow senders are cut off: the headers have so long, the whole request so long, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** How often a closing server looks for connections that have become idle, ms. */
const SWEEP_MS = 20;
const MAX_HEADER_BYTES = 16 * 1024;

/** The server with all endpoints; it does not listen yet. */
export function createHttpServer(parts: HttpParts, limits: HttpLimits = {}): HttpServer {
  const requestTimeout = limits.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      connectionsCheckingInterval: Math.min(1_000, requestTimeout / 5),
      keepAliveTimeout: 60_000,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    createApp(parts, limits),
  );
  return {
    listen: (address) => listen(server, address),
    close: (graceMs = 5_000) => close(server, graceMs),
    [Symbol.asyncDispose]: () => close(server, 0),
  };
}

function createApp(parts: HttpParts, { checkTimeoutMs }: HttpLimits): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Nothing here reads a query through express, and its parsers are more than is needed.
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.use(securityHeaders);
  app.use('/carriers', carrierWebhooks(parts));
  app.use(health(parts.checks, parts.log, checkTimeoutMs));
  app.use(metrics(parts.metrics));
  app.use(((_request, response) => void response.status(404).json({ error: 'not found' })) satisfies RequestHandler);
  app.use(errorHandler(parts.log));
  return app;
}

const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  next();
};

/** Says what is wrong with the request by its status alone; the words of an error may quote it. */
function errorHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = statusOf(error);
    if (status >= 500) log.error('http.failed', { method: request.method, status, error });
    else log.warn('http.refused', { method: request.method, status });
    response.status(status).json({ error: SENTENCES[status] ?? 'the request is not valid' });
  };
}

const SENTENCES: Readonly<Record<number, string>> = {
  413: 'too large',
  415: 'unsupported encoding',
  500: 'failed',
};

/** The status that express and its body reader put on their errors; 500 for any other. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void =>
      reject(new ConfigError(whyNotListening('http', host, port, cause.code), [], { cause }));
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  // A connection that was busy becomes idle with its answer, and would then stay open for the next request.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearInterval(sweep);
  clearTimeout(timer);
}
