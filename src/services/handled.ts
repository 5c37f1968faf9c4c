/** What became of a row, in the words of the queue: see `queue/durable-queue.ts`. */
export type Handled = 'done' | 'settled' | { readonly waitMs: number; readonly code: string };
