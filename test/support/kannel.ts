/** A real Kannel for tests: bearerbox and smsbox in a folder of their own, on free ports of 127.0.0.1. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild, type Child } from '../../src/cli/demo/children.ts';
import type { CarrierConfig } from '../../src/config/config.ts';
import { freePort } from './free-port.ts';
import { isExecutable, isListening } from './installed-program.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const BEARERBOX = '/usr/sbin/bearerbox';
const SMSBOX = '/usr/sbin/smsbox';
const FAKESMSC = '/usr/lib/kannel/test/fakesmsc';

/** Why Kannel cannot run here, or undefined where it can. */
export function kannelIsMissing(): string | undefined {
  const missing = [BEARERBOX, SMSBOX, FAKESMSC].filter((path) => !isExecutable(path));
  return missing.length === 0 ? undefined : `${missing.join(', ')} not found; install kannel and kannel-extras`;
}

/** What it is started with. */
export interface KannelOptions {
  /** `<publicUrl>/carriers/<name>/<secret>` */
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  /** Where an SMPP message centre listens, for the group `smpp1`. */
  readonly smppPort: number;
}

/** A running Kannel with two message centres: `fake1` (for fakesmsc) and `smpp1`. */
export interface Kannel extends AsyncDisposable {
  /** Settings of a carrier that sends by the message centre `smsc`. */
  config(smsc: 'fake1' | 'smpp1'): CarrierConfig;
  /** Runs Kannel's own fakesmsc, which sends one text for each `"<from> <to> text|ucs2|data <words>"`, and prints what it gets. */
  startFakeSmsc(
    texts: readonly string[],
  ): Promise<{ readonly output: () => string; readonly stop: () => Promise<unknown> }>;
  stopSmsbox(): Promise<void>;
  startSmsbox(): Promise<void>;
  /** All that Kannel logged. */
  logs(): Promise<string>;
}

/** Starts Kannel with the configuration of docs/carriers.md but for ports, paths and waits. */
export async function startKannel({ webhookUrl, webhookSecret, smppPort }: KannelOptions): Promise<Kannel> {
  const dir = await tempDir('kannel');
  const [admin, box, fake, sendsms] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const conf = join(dir, 'kannel.conf');
  await mkdir(join(dir, 'dlr'));
  await writeFile(conf, await kannelConf({ dir, admin, box, fake, sendsms, smppPort, webhookUrl }));
  const start = (name: string, path: string) =>
    startChild(name, path, ['-v', '4', conf], { stdio: 'ignore', cwd: dir });
  const status = async () => (await fetch(`http://127.0.0.1:${admin}/status.txt?password=statuspw`)).text();
  const running: Child[] = [];
  let smsbox: Child | undefined;

  const startSmsbox = async () => {
    smsbox = await start('smsbox', SMSBOX);
    await waitFor('smsbox to listen', () => isListening(sendsms), { timeoutMs: 10_000 });
    await waitFor('smsbox to be connected', async () => /smsbox:\(none\).*on-line/.test(await status()));
  };
  const stopSmsbox = async () => {
    await smsbox?.stop(3_000);
    smsbox = undefined;
  };

  running.push(await start('bearerbox', BEARERBOX));
  await waitFor('bearerbox to listen', () => isListening(box), { timeoutMs: 10_000 });
  await startSmsbox();
  await waitFor('Kannel to be bound by SMPP', async () => /smpp1.*\(online/.test(await status()), { instead: status });

  return {
    config: (smsc) => ({
      type: 'kannel',
      url: `http://127.0.0.1:${sendsms}/cgi-bin/sendsms`,
      username: 'carebridge',
      password: 'sendpw',
      smsc,
      webhookSecret,
      statusUrl: `http://127.0.0.1:${admin}`,
      statusPassword: 'statuspw',
    }),
    async startFakeSmsc(texts) {
      let output = '';
      const args = ['-H', '127.0.0.1', '-r', String(fake), '-i', '0.05', '-m', String(texts.length), ...texts];
      const child = await startChild('fakesmsc', FAKESMSC, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.process.stdout, child.process.stderr]) {
        stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      }
      return { output: () => output, stop: () => child.stop(2_000) };
    },
    startSmsbox,
    stopSmsbox,
    async logs() {
      const files = ['bearerbox.log', 'smsbox.log'];
      return (await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))).join('\n');
    },
    async [Symbol.asyncDispose]() {
      await stopSmsbox();
      for (const child of running) await child.stop(3_000);
    },
  };
}

interface ConfValues {
  readonly dir: string;
  readonly admin: number;
  readonly box: number;
  readonly fake: number;
  readonly sendsms: number;
  readonly smppPort: number;
  readonly webhookUrl: string;
}

/** The configuration that docs/carriers.md gives, with this test's values: what is documented is what is tested. */
async function kannelConf({ dir, admin, box, fake, sendsms, smppPort, webhookUrl }: ConfValues): Promise<string> {
  const docs = await readFile(join(import.meta.dirname, '../../docs/carriers.md'), 'utf8');
  const documented = /```kannel\.conf\n(.*?)```/s.exec(docs)?.[1];
  if (documented === undefined) throw new Error('docs/carriers.md has no block that begins with ```kannel.conf');
  const values: readonly (readonly [string, string])[] = [
    ['13000', String(admin)],
    ['13001', String(box)],
    ['13013', String(sendsms)],
    ['2775', String(smppPort)],
    ['smsc.carrier.example', '127.0.0.1'],
    ['use-ssl = true', 'use-ssl = false'],
    ['http-queue-delay = 10', 'http-queue-delay = 1'],
    ['http://127.0.0.1:9994/carriers/kannel/WEBHOOK-SECRET', webhookUrl],
    ['STATUS-PASSWORD', 'statuspw'],
    ['ADMIN-PASSWORD', 'adminpw'],
    ['SENDSMS-PASSWORD', 'sendpw'],
    ['/var/log/kannel', dir],
    ['/var/spool/kannel', dir],
  ];
  const conf = values.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`kannel.conf in docs/carriers.md no longer has ${from}`);
    return text.replaceAll(from, to);
  }, documented);
  return `${conf}
group = smsc
smsc = fake
smsc-id = fake1
port = ${fake}
connect-allow-ip = 127.0.0.1
allowed-smsc-id = fake1
`;
}
