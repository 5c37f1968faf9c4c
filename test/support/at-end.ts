/** What is made once and shared by test files is ended after the last test. */
const work: (() => Promise<void>)[] = [];

/** Has `end` run after the last test. */
export function atEnd(end: () => Promise<void>): void {
  work.push(end);
}

/** Called by the root hooks after the last test. */
export async function runAtEnd(): Promise<void> {
  for (const end of work.splice(0)) await end();
}
