/**
 * Structured logs, one JSON object a line on standard output. Redaction is done here, once: only the fields below leave the process, so
 * that no message text, number, name or token can, whatever a caller passes.
 */
import { pino, type DestinationStream } from 'pino';

/** The fields that may be logged. Ids are opaque; `detail` and `url` are written by us and are PHI-free. */
const FIELDS = [
  ...['trace', 'queue', 'attempts', 'waitMs', 'ms', 'count', 'code', 'kind', 'state', 'outcome', 'detail', 'keyword'],
  ...['carrier', 'line', 'roomId', 'eventId', 'userId', 'deviceId', 'txnId', 'method', 'status', 'path', 'url'],
  ...['name', 'version', 'engine', 'port', 'host', 'error', 'size', 'reason'],
] as const;

/** Fields of a log line. Unknown ones are dropped; `error` is reduced to its name, code and place. */
export type LogFields = { readonly [field in (typeof FIELDS)[number]]?: unknown };

/** Where a component says what happened. `event` is a fixed `subject.what`, never built from data. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** The least severe level that is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger to standard output, or to `destination`. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } };
  const out = destination ? pino(options, destination) : pino(options);
  const write =
    (method: LogLevel) =>
    (event: string, fields: LogFields = {}) =>
      out[method](redact(fields), event);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** A logger that says nothing: for tests and one-off commands. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function redact(fields: LogFields): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const value = fields[field];
    if (value === undefined) continue;
    out[field] = value instanceof Error || field === 'error' ? describeError(value) : plain(value);
  }
  return out;
}

/** Errors that are each other's cause must not go on for ever. */
const MAX_CAUSES = 4;
/** What names and codes of errors look like. Anything else may hold data. */
const WORD = /^[\w.-]{1,64}$/;

/** Only our own errors' messages are known to be PHI-free; a library's may hold parameters or bodies. */
function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const ours = 'isPhiFree' in error && error.isPhiFree === true;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return {
    name: WORD.test(error.name) ? error.name : 'Error',
    ...(ours && { message: error.message }),
    ...(isWord(errcode ?? code) && { code: errcode ?? code }),
    ...(!ours && { at: placeOf(error) }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** The file and line of the first frame of the stack. The message, which stands at the top of the stack, may look like a frame and is cut off. */
function placeOf(error: Error): string | undefined {
  const stack = error.stack ?? '';
  const at = stack.indexOf(error.message);
  if (at === -1) return undefined;
  return /\n\s+at [^\n]*?([\w.-]+\.[cm]?[jt]s:\d+:\d+)\)?(?:\n|$)/.exec(stack.slice(at + error.message.length))?.[1];
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && WORD.test(value);
}

function plain(value: unknown): unknown {
  return typeof value === 'string'
    ? value.slice(0, 300)
    : typeof value === 'number' || typeof value === 'boolean'
      ? value
      : undefined;
}

function levelName(label: string): { level: string } {
  return { level: label };
}

function ignore(): void {}
