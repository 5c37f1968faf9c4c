import { createReadStream } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { UserError } from '../../errors.ts';

/** Collected before they are written. Characters. */
const BUFFER = 65_536;

/** A new file, readable by its owner alone, that takes a line at a time. */
export class LineFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #waiting: string[] = [];
  #length = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Throws UserError where the file is there already or cannot be made. */
  static async create(path: string): Promise<LineFile> {
    try {
      return new LineFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new UserError(
        code === 'EEXIST'
          ? `${path} is there already, and nothing is overwritten. Choose another --out.`
          : `${path} cannot be written (${code ?? 'unknown'}).`,
      );
    }
  }

  readonly write = async (line: string): Promise<void> => {
    this.#waiting.push(line, '\n');
    this.#length += line.length;
    if (this.#length >= BUFFER) await this.#flush();
  };

  /** Everything is on the disk afterwards. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#handle.sync();
    await this.#handle.close();
  }

  /** Takes the half-written file away. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await unlink(this.path).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#length = 0;
    for (let done = 0; done < bytes.length;) done += (await this.#handle.write(bytes, done)).bytesWritten;
  }
}

/** The lines of a file as bytes, each with its line feed; the last one without, if it has none. */
export async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, end + 1)]);
        rest = [];
        from = end + 1;
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
    }
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
