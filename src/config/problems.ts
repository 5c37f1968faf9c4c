import type { LineCounter } from 'yaml';
import type { ConfigProblem } from '../errors.ts';

/** Collects everything that is wrong with one file, each with its place in it. */
export class Problems {
  readonly #file: string;
  readonly #lineCounter: LineCounter;
  readonly #offsets = new Map<string, number>();
  readonly #found: ConfigProblem[] = [];

  constructor(file: string, lineCounter: LineCounter) {
    this.#file = file;
    this.#lineCounter = lineCounter;
  }

  /** Remembers where the setting `key` (`lines[0].number`) is. */
  place(key: string, offset: number): void {
    this.#offsets.set(key, offset);
  }

  /** Adds one at the place of `key`, or where that is not in the file, of what it would be in. */
  add(key: string, problem: string, fix: string, offset: number = this.#offsetOf(key)): void {
    const { line, col } = this.#lineCounter.linePos(offset);
    this.#found.push({ file: this.#file, line: Math.max(1, line), column: Math.max(1, col), key, problem, fix });
  }

  /** What was found, in the order of the file. */
  get list(): ConfigProblem[] {
    return this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  #offsetOf(key: string): number {
    for (let path = key; path !== ''; path = parentOf(path)) {
      const offset = this.#offsets.get(path);
      if (offset !== undefined) return offset;
    }
    return 0;
  }
}

/** `lines[0]` of `lines[0].number`, `lines` of that, and '' of that. */
function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('.'), key.lastIndexOf('[')));
}

/** One problem as a line of text: `config.yaml:4:13 lines[0].carrier: there is no such carrier; use one of kannel`. */
export function formatProblem({ file, line, column, key, problem, fix }: ConfigProblem): string {
  return `${file}:${line}:${column} ${key === '' ? '' : `${key}: `}${problem}; ${fix}`;
}

/** Says what is wrong and what to do. */
export type Report = (key: string, problem: string, fix: string) => void;
