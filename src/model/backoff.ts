/**
 * How long to wait before try `attempts + 1`, in ms, doubled each time up to ten minutes:
 *
 * | tries so far | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 and more |
 * | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
 * | wait | 1 s | 2 s | 4 s | 8 s | 16 s | 32 s | 64 s | 128 s | 256 s | 512 s, then 600 s |
 */
export function backoffMs(attempts: number): number {
  return Math.min(1_000 * 2 ** Math.max(0, attempts - 1), 600_000);
}
