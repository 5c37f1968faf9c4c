/** What a homeserver tells everybody. */
export interface Probe {
  readonly status: number;
  /** Of the specification, e.g. `v1.12`. Undefined where the answer is not a homeserver's. */
  readonly newestVersion: string | undefined;
  /** `Synapse/1.163.2`, where no proxy in between hides it. */
  readonly software: string | undefined;
  /** Its clock, Unix time, ms, to the second. */
  readonly dateMs: number | undefined;
  readonly durationMs: number;
}

const TIMEOUT_MS = 10_000;

/** Asks for `/_matrix/client/versions`. Every outcome is a value. */
export async function probeHomeserver(
  url: string,
  signal: AbortSignal,
): Promise<Probe | { readonly unreachable: string }> {
  const started = performance.now();
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/_matrix/client/versions`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const durationMs = Math.round(performance.now() - started);
    const body = (await response.json().catch(() => undefined)) as { versions?: unknown } | undefined;
    return {
      status: response.status,
      newestVersion: Array.isArray(body?.versions) ? newest(body.versions) : undefined,
      software: /^Synapse\/[\w.-]{1,40}/.exec(response.headers.get('server') ?? '')?.[0],
      dateMs: Date.parse(response.headers.get('date') ?? '') || undefined,
      durationMs,
    };
  } catch (error) {
    const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
    if (name === 'TimeoutError') return { unreachable: 'timeout' };
    return { unreachable: typeof cause?.code === 'string' ? cause.code : 'no connection' };
  }
}

function newest(versions: readonly unknown[]): string | undefined {
  const known = versions.filter((version) => typeof version === 'string' && /^[rv][\d.]{1,12}$/.test(version));
  return known.at(-1) as string | undefined;
}
