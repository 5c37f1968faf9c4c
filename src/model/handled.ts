/**
 * What a handler made of a row. done: finished, the queue completes it. settled: the handler committed the row's end itself, together with its
 * effect. wait: something outside has to happen first; this is no failed attempt.
 */
export type Handled = 'done' | 'settled' | { readonly waitMs: number; readonly code: string };
