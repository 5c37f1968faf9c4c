import {
  ConnectionError,
  DatabaseError,
  ForeignKeyConstraintError,
  TimeoutError,
  UniqueConstraintError,
} from 'sequelize';
import { ConfigError, PermanentError, RetryableError, UserError } from '../errors.ts';

/** What the driver says of a fault. */
export interface DriverError {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** SQLite result codes and PostgreSQL errors (appendix A) of those who are in each other's way: busy, deadlock. */
const IN_THE_WAY = [/^SQLITE_(BUSY|LOCKED|INTERRUPT|PROTOCOL)/, /^(40001|40P01|55P03|25P02)$/];
/** Those that say that nothing can be written: full, read or write failed, connection lost, server stopping, out of resources. */
const AWAY = [
  /^SQLITE_(FULL|IOERR|CANTOPEN|READONLY|NOMEM)/,
  /^(08|53|57|58)/,
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/,
];
const FULL = /^(SQLITE_FULL|53100)$/;
const LOST =
  /connection terminated|connection ended|not queryable|closed the connection|client has encountered a connection error/i;

/**
 * Any error of the database as one of ours. The driver's and Sequelize's errors hold parameters and values: they are only kept as
 * `cause`, without what they were given.
 */
export function toStorageFault(error: unknown): Error {
  if ([RetryableError, PermanentError, ConfigError, UserError].some((type) => error instanceof type))
    return error as Error;
  const driver = driverError(error);
  const cause = strip(error);
  const code = driver.code ?? (error instanceof Error ? error.name : 'unknown');
  if (isLost(error)) {
    return new RetryableError(`The database cannot be reached (${code}).`, { cause });
  }
  if (error instanceof TimeoutError || [...IN_THE_WAY, ...AWAY].some((pattern) => pattern.test(code))) {
    const why = FULL.test(code) ? ': the disk is full. Make room.' : '.';
    return new RetryableError(`The database cannot take it now (${code})${why}`, { cause });
  }
  if (
    error instanceof UniqueConstraintError ||
    error instanceof ForeignKeyConstraintError ||
    error instanceof DatabaseError
  ) {
    return new PermanentError(`The database refused a statement (${code}).`, { cause });
  }
  return error instanceof Error ? error : new PermanentError('The database failed in an unknown way.', { cause });
}

/** True where a fault of the driver says that the database is away or full, for whoever asks. */
export function isAway(error: unknown): boolean {
  const { code = '' } = driverError(error);
  return isLost(error) || AWAY.some((pattern) => pattern.test(code));
}

function isLost(error: unknown): boolean {
  return error instanceof ConnectionError || LOST.test(driverError(error).message ?? '');
}

/** undefined where `work` succeeds, else what is wrong in PHI-free words: for `/ready` and `doctor`. */
export async function problemOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof RetryableError ? error.message : 'The database does not answer.';
  }
}

/** The error that the driver raised, under Sequelize's. */
export function driverError(error: unknown): DriverError {
  const { parent } = error as { parent?: DriverError };
  return parent ?? (error as DriverError);
}

/** Takes away what Sequelize and the drivers attach of a statement: its text, its parameters, the values of the row. */
function strip(error: unknown): unknown {
  for (const layer of [error, driverError(error)]) {
    if (!(layer instanceof Error)) continue;
    for (const field of ['sql', 'parameters', 'fields', 'errors', 'value', 'detail', 'where', 'internalQuery']) {
      Reflect.deleteProperty(layer, field);
    }
  }
  return error;
}
