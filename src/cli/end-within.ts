/**
 * Ends the process `ms` after `signal` aborted, if something keeps it from ending by itself: a connection that cannot be closed does not let it end, and nor
 * does a request without an answer. `before` is called then. The exit code is the one that was set, or 0.
 */
export function endWithin(ms: number, signal: AbortSignal, before: () => void): void {
  const end = () => {
    before();
    // eslint-disable-next-line no-restricted-properties -- whatever can be waited for was waited for
    process.exit();
  };
  const begin = () => void setTimeout(end, ms).unref();
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
}
