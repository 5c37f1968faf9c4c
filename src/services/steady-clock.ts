/**
 * Unix ms as of the start of the process, going on at an even pace: whoever sets the machine's clock moves no waits. For times that are kept in memory
 * alone.
 */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}
