/** Looks for planted words in bytes, in every form in which they could be left lying about. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Words that must not be found, and all their forms. */
export class Planted {
  readonly #needles: readonly { readonly word: string; readonly form: string; readonly bytes: Buffer }[];

  constructor(words: readonly string[]) {
    this.#needles = words.flatMap((word) =>
      Object.entries(formsOf(word)).flatMap(([form, texts]) =>
        texts.map((bytes) => ({ word, form, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes })),
      ),
    );
  }

  /** What of it is in `bytes`, as `word (form)`. */
  in(bytes: Buffer | string): string[] {
    const haystack = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    return this.#needles
      .filter((needle) => haystack.includes(needle.bytes))
      .map(({ word, form }) => `${word} (${form})`);
  }

  /** What of it is in the files of a folder and their names, as `path: word (form)`. */
  async inFolder(folder: string, accepts: (path: string) => boolean = () => true): Promise<string[]> {
    const found: string[] = [];
    for (const path of await filesOf(folder)) {
      if (!accepts(path)) continue;
      // A file may be gone by now, such as a journal.
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      found.push(...[...this.in(bytes), ...this.in(path)].map((what) => `${path}: ${what}`));
    }
    return found;
  }
}

/** Every file in a folder, however deep. */
export async function filesOf(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).map((name) => join(folder, name));
  const isFile = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (each) => each.isFile(),
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => isFile[index]);
}

function formsOf(word: string): Record<string, (string | Buffer)[]> {
  return {
    plain: [word, word.toLowerCase(), word.toUpperCase()],
    'percent-encoded': [encodeURIComponent(word), encodeURIComponent(word).replaceAll('%20', '+')],
    'UTF-16': [Buffer.from(word, 'utf16le')],
    hex: [Buffer.from(word).toString('hex')],
    // Base64 of the middle of a longer text, at each of the three alignments, less what depends on the neighbours.
    base64: [0, 1, 2].map((shift) => {
      const encoded = Buffer.concat([Buffer.alloc(shift), Buffer.from(word)])
        .toString('base64')
        .replace(/=+$/, '');
      return encoded.slice(Math.ceil((shift * 4) / 3), -1);
    }),
  };
}
