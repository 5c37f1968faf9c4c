/** matrix-js-sdk, loaded only where it is used (the product does not need it) and made silent: it tells the console everything. */
import type * as Sdk from 'matrix-js-sdk';
import type { Logger } from 'matrix-js-sdk/lib/logger.js';

/** Loads matrix-js-sdk. */
export async function loadMatrixSdk(): Promise<typeof Sdk> {
  const { logger } = await import('matrix-js-sdk/lib/logger.js');
  // Parts of the SDK use loggers of their own, which take what makes their output from this one when they are made: so it must be
  // changed before the rest is loaded.
  const root = logger as unknown as { methodFactory: () => () => void; rebuild(): void };
  root.methodFactory = () => () => {};
  root.rebuild();
  return await import('matrix-js-sdk');
}

/** Says nothing. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  getChild: () => silentLogger,
};
