import type { Context } from 'mocha';

/** Skips a test, or from a before hook the whole suite, with the reason that `npm test` lists at its end. Only for what this machine cannot do. */
export function skip(context: Context, reason: string): never {
  const running = context.test;
  const title = running?.title ?? '';
  let target: object | undefined = running;
  if (title.startsWith('"before all" hook')) target = running?.parent;
  if (title.startsWith('"before each" hook')) target = context.currentTest;
  if (target) Object.assign(target, { skipReason: reason });
  return context.skip();
}
