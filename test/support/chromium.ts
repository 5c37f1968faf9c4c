/** A headless Chromium for looking at pages of ours, driven over the DevTools protocol; it reaches 127.0.0.1 alone. */
import { accessSync, constants } from 'node:fs';
import { startChild, type Child } from '../../src/cli/demo/children.ts';
import { tempDir } from './temp-dir.ts';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const START_TIMEOUT_MS = 30_000;

/** Why no page can be looked at here, or undefined where one can. */
export function chromiumIsMissing(): string | undefined {
  return chromiumPath() === undefined ? 'no Chromium found; install chromium' : undefined;
}

/** One open page. */
export class ChromiumPage implements AsyncDisposable {
  /** What the page wrote to its console, blocked by its policy or threw. */
  readonly complaints: string[] = [];
  readonly #child: Child;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: DevToolsMessage) => void>();
  #lastId = 0;

  private constructor(child: Child, socket: WebSocket) {
    this.#child = child;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as DevToolsMessage));
  }

  /** Starts a browser of its own and opens `url` in it. */
  static async open(url: string): Promise<ChromiumPage> {
    const child = await startChild(
      'chromium',
      chromiumPath() ?? 'chromium',
      [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
        ...['--disable-component-update', '--no-first-run', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
        ...[`--user-data-dir=${await tempDir('chromium')}`, '--window-size=1280,800'],
        ...['--remote-debugging-port=0', 'about:blank'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    try {
      const { host } = new URL(await devToolsUrl(child));
      const opened = await fetch(`http://${host}/json/new?about:blank`, { method: 'PUT' });
      const { webSocketDebuggerUrl } = (await opened.json()) as { webSocketDebuggerUrl: string };
      const socket = new WebSocket(webSocketDebuggerUrl);
      await new Promise((resolve, reject) => {
        socket.addEventListener('open', resolve);
        socket.addEventListener('error', reject);
      });
      const page = new ChromiumPage(child, socket);
      for (const domain of ['Runtime', 'Log', 'Page']) await page.#command(`${domain}.enable`);
      await page.#command('Page.navigate', { url });
      return page;
    } catch (error) {
      await child.kill();
      throw error;
    }
  }

  /** The value of a JavaScript expression in the page; promises are awaited. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#command('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { exceptionDetails, result: value } = result as { exceptionDetails?: object; result: { value?: unknown } };
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return value.value;
  }

  /** Makes the page as wide and high as a phone's, say. */
  async resize(width: number, height: number): Promise<void> {
    await this.#command('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#child.stop(3_000);
  }

  #command(method: string, params: object = {}): Promise<DevToolsMessage> {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #take(message: DevToolsMessage): void {
    if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    if (['Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded'].includes(message.method ?? '')) {
      this.complaints.push(JSON.stringify(message.params));
    }
  }
}

interface DevToolsMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

function devToolsUrl(child: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`Chromium did not start: ${output}`)), START_TIMEOUT_MS);
    child.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const url = /DevTools listening on (ws:\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

function chromiumPath(): string | undefined {
  return PATHS.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
