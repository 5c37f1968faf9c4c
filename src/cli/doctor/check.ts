import type { Config } from '../../config/config.ts';
import type { Registration } from '../../matrix/registration.ts';

/** What a check is given. */
export interface DoctorContext {
  readonly config: Config;
  readonly configPath: string;
  /** Undefined where it could not be read; checks that need it are not run then. */
  readonly registration: Registration | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** The same for checks that need the registration. */
export type RegisteredContext = DoctorContext & { readonly registration: Registration };

/** One thing that was found out. All sentences are for the operator, and PHI-free. */
export interface Finding {
  readonly status: 'ok' | 'warn' | 'FAIL';
  /** Goes on after "tried". */
  readonly tried: string;
  readonly result: string;
  /** What to do. Never left out of a FAIL. */
  readonly fix?: string;
}

/** One check. It changes nothing that lasts, and must work beside a running bridge. */
export interface Check {
  /** What it tries, where it could not be run. */
  readonly title: string;
  /** What must have worked before. */
  readonly needs: readonly ('registration' | 'homeserver')[];
  run(context: RegisteredContext): Promise<readonly Finding[]>;
}
