import type { ParseArgsOptionsConfig } from 'node:util';

/** What a verb is given. Nothing of it is global, so that tests can run verbs side by side. */
export interface VerbInput {
  /** `--config`, else CAREBRIDGE_CONFIG, else `config.yaml`. */
  readonly configPath: string;
  /** The verb's own options, as `parseArgs` of node:util reads them. */
  readonly options: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  /** What stands after the verb and is no option, e.g. `import` and a file of `carebridge roles import roles.csv`. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
  /** Prints a line. */
  readonly out: (line: string) => void;
  /** Prints a line for errors. */
  readonly err: (line: string) => void;
}

/** One thing that `carebridge` can do. `run` answers the exit code; a ConfigError or UserError it throws is shown as it is. */
export interface Verb {
  /** For `carebridge <verb> --help`. */
  readonly details: string;
  /** Options of its own, besides --config and --help. */
  readonly options?: ParseArgsOptionsConfig;
  /** What words it takes, e.g. `import <file>`; undefined: none, and one is wrong use. */
  readonly words?: string;
  run(input: VerbInput): Promise<number>;
}
