/** What the demo prints: who did or saw what, and when. */
export class Transcript {
  readonly #print: (text: string) => void;
  readonly #begin = performance.now();

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  /** The head of a scene. */
  begin(title: string): void {
    this.#print(`\n${title}\n`);
  }

  /** Told when it was seen to happen, never before. */
  tell(who: string, what: string): void {
    const seconds = ((performance.now() - this.#begin) / 1000).toFixed(2).padStart(6);
    const [first = '', ...rest] = what.split('\n');
    this.#print(`${seconds} s  ${who.padEnd(8)} ${first}`);
    for (const line of rest) this.#print(`${' '.repeat(18)}${line}`);
  }
}
