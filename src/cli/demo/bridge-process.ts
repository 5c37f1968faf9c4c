/** The bridge as the operator runs it: a process of its own, which can be killed at any moment. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { startChild, type Child } from './children.ts';
import { waitFor } from './wait-for.ts';

const MAIN = resolve(import.meta.dirname, '../../main.ts');
const KEPT_OUTPUT = 200_000;

export interface BridgeOptions {
  readonly config: string;
  /** Where `/ready` is. */
  readonly httpUrl: string;
  /** Its output goes to bridge.log in here. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly readyWithinMs?: number;
}

/** `carebridge start`, with what it printed. One object can start, die and start again. */
export class BridgeProcess {
  readonly #options: BridgeOptions;
  #child: Child | undefined;
  #log: WriteStream | undefined;
  #output = '';

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<void> {
    await this.spawn();
    await this.waitUntilReady();
  }

  /** Starts it without waiting. */
  async spawn(): Promise<void> {
    if (this.#child !== undefined) throw new Error('The bridge is running already.');
    const { config, directory, env } = this.#options;
    const child = await startChild('carebridge', process.execPath, [MAIN, 'start', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    const log = (this.#log ??= createWriteStream(join(directory, 'bridge.log'), { flags: 'a' }));
    for (const stream of [child.process.stdout, child.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log.write(text);
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
    void child.ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
  }

  /** Waits until `/ready` answers 200; fails at once where the process ends. */
  async waitUntilReady(timeoutMs = this.#options.readyWithinMs ?? 60_000): Promise<void> {
    const url = `${this.#options.httpUrl}/ready`;
    let answer = 'no answer';
    const isReady = async (): Promise<boolean> => {
      if (this.#child === undefined) throw new Error(`The bridge ended instead of getting ready.\n${this.lastLines()}`);
      return await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
        async (response) => {
          answer = await response.text();
          return response.ok;
        },
        () => false,
      );
    };
    await waitFor('the bridge to be ready', isReady, { timeoutMs, instead: () => `${answer}\n${this.lastLines()}` });
  }

  /** SIGTERM, and its exit code. */
  async stop(graceMs?: number): Promise<number | NodeJS.Signals | undefined> {
    return await this.#child?.stop(graceMs);
  }

  /** `kill -9`: it gets no chance to tidy up. */
  async kill9(): Promise<void> {
    await this.#child?.kill();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  /** What it printed, of all its lives: the newest part. */
  get output(): string {
    return this.#output;
  }

  /** For the messages of failed tests. */
  lastLines(count = 25): string {
    return this.#output.trimEnd().split('\n').slice(-count).join('\n');
  }
}
