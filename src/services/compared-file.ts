import { createHash } from 'node:crypto';

/** The lines of an export, compared with what the manifest says of each. What is wrong is added to `problems`, in words. */
export class ComparedFile {
  readonly #lines: AsyncIterator<Uint8Array>;
  readonly #problems: string[];
  readonly #hash = createHash('sha256');
  #number = 0;
  #entries = 0;

  constructor(lines: AsyncIterable<Uint8Array>, problems: string[]) {
    this.#lines = lines[Symbol.asyncIterator]();
    this.#problems = problems;
  }

  /** Compares the next line. */
  async compare(record: Readonly<Record<string, unknown>>): Promise<void> {
    const { seq, sha256 } = record;
    const line = `Line ${++this.#number}${typeof seq === 'number' ? ` (entry ${seq})` : ''}`;
    if ('seq' in record) this.#entries++;
    const next = await this.#lines.next();
    if (next.done === true) {
      this.#problems.push(`${line} is missing in the file.`);
      return;
    }
    this.#hash.update(next.value);
    if (createHash('sha256').update(next.value).digest('hex') !== sha256) this.#problems.push(`${line} was changed.`);
  }

  /** Nothing more is said of lines. */
  async end(): Promise<void> {
    for (let rest = await this.#lines.next(); rest.done !== true; rest = await this.#lines.next()) {
      this.#hash.update(rest.value);
      this.#problems.push(`Line ${++this.#number} is not in the manifest.`);
    }
  }

  /** True where all of it is what the manifest's end says. To be asked once. */
  isWhole({ file, rows }: { readonly file?: unknown; readonly rows?: unknown }): boolean {
    return file === this.#hash.digest('hex') && rows === this.#entries;
  }
}
