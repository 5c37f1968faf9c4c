import { parseErrcode } from './matrix-fault.ts';

/** What came back: a status with what could be read of the body, or why nothing did (`ECONNREFUSED`, `timeout`, ...). */
export type HomeserverAnswer =
  | { readonly status: number; readonly errcode: string | undefined; readonly body: Readonly<Record<string, unknown>> }
  | { readonly unreachable: string };

/** One plain request for a diagnosis, where every outcome is a value. `url` is the homeserver's client-server API. */
export async function askHomeserver(
  url: string,
  path: string,
  init: RequestInit,
  timeoutMs: number,
): Promise<HomeserverAnswer> {
  try {
    const signal = init.signal
      ? AbortSignal.any([init.signal, AbortSignal.timeout(timeoutMs)])
      : AbortSignal.timeout(timeoutMs);
    const response = await fetch(url.replace(/\/+$/, '') + path, { ...init, signal });
    const body: unknown = await response.json().catch(() => undefined);
    const object = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
    return { status: response.status, errcode: parseErrcode(object['errcode']), body: object };
  } catch (error) {
    return { unreachable: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return 'timeout';
  return parseErrcode(cause?.code) ?? 'no answer';
}
