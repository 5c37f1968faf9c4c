/** One bridge as a process, between two timing proxies, with its simulated carrier. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeProcess } from '../src/cli/demo/bridge-process.ts';
import { freePort } from '../src/cli/demo/free-port.ts';
import { makeRegistration, writeRegistration } from '../src/matrix/registration.ts';
import type { LineId, UserId } from '../src/model/ids.ts';
import type { PhoneNumber } from '../src/model/phone-number.ts';
import { signatureHeaders } from '../src/sms/loopback/signature.ts';
import { Client } from './client.ts';
import { inFlight, within } from './in-flight.ts';
import { seedConversations, type Seed } from './seed.ts';
import { TimedCarrier } from './timed-carrier.ts';
import { TimingProxy, type Exchange } from './timing-proxy.ts';

/** Where and how it runs. */
export interface BridgeSettings {
  /** Unique on the homeserver: names the appservice, the bot and the ghosts. */
  readonly name: string;
  readonly directory: string;
  readonly homeserver: { readonly url: string; readonly domain: string };
  /** Localpart of who is invited to its rooms. */
  readonly nurse: string;
  readonly admin: string;
  /** Settings laid over the usual ones, section by section. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A conversation that texts can be sent in. `template` is the last event that its ghost sent. */
export interface Conversation {
  readonly number: PhoneNumber;
  readonly ghost: UserId;
  template: Exchange | undefined;
}

/** One text on its way. Times are of `performance.now()`, ms. */
export interface Passage {
  readonly startedAt: number;
  /** The event came to the homeserver's proxy; for a raw send the same moment as the start, but for the way there. */
  readonly sentAt: number;
  readonly acceptedAt: number;
}

const LINE = { id: 'front-desk' as LineId, number: '+12125550100' };
/** How many conversations are opened at the same time. */
const OPENING = 6;
const PATIENCE_MS = 60_000;

/** Made, then (after the homeserver knows `registrationPath`) started. */
export class BridgeUnderTest {
  readonly registrationPath: string;
  readonly carrier: TimedCarrier;
  /** Between the bridge and the homeserver. */
  readonly homeserverProxy: TimingProxy;
  /** Between the homeserver and the bridge. */
  readonly appserviceProxy: TimingProxy;
  readonly process: BridgeProcess;
  readonly #configPath: string;
  readonly #webhookUrl: string;
  readonly #secret: string;
  readonly #client = new Client();
  readonly #waiting = new Map<string, (exchange: Exchange) => void>();

  private constructor(
    parts: Pick<BridgeUnderTest, 'registrationPath' | 'carrier' | 'homeserverProxy' | 'process'> & {
      readonly appserviceProxy: TimingProxy;
      readonly configPath: string;
      readonly webhookUrl: string;
      readonly secret: string;
    },
  ) {
    this.registrationPath = parts.registrationPath;
    this.carrier = parts.carrier;
    this.homeserverProxy = parts.homeserverProxy;
    this.appserviceProxy = parts.appserviceProxy;
    this.process = parts.process;
    this.#configPath = parts.configPath;
    this.#webhookUrl = parts.webhookUrl;
    this.#secret = parts.secret;
    this.homeserverProxy.on('exchange', (exchange) => this.#take(exchange));
  }

  static async prepare(settings: BridgeSettings): Promise<BridgeUnderTest> {
    const { name, homeserver, directory } = settings;
    await mkdir(directory, { recursive: true });
    const [appservicePort, httpPort] = [await freePort(), await freePort()];
    const homeserverProxy = new TimingProxy(homeserver.url);
    await homeserverProxy.start(await freePort());
    const appserviceProxy = new TimingProxy(`http://127.0.0.1:${appservicePort}`);
    await appserviceProxy.start(await freePort());

    const registrationPath = join(directory, 'registration.yaml');
    const [bot, ghostPrefix] = [`carebridge-${name}`, `carebridge-${name}_`];
    const registration = makeRegistration({ domain: homeserver.domain, url: appserviceProxy.url, bot, ghostPrefix });
    registration.library.setId(bot);
    registration.library.setSenderLocalpart(`_${bot}`);
    writeRegistration(registrationPath, registration);

    const httpUrl = `http://127.0.0.1:${httpPort}`;
    const webhookUrl = `${httpUrl}/carriers/loopback/webhook`;
    const secret = randomBytes(24).toString('base64url');
    const carrier = new TimedCarrier({ secret, webhookUrl });
    await carrier.start();

    const userId = (localpart: string): string => `@${localpart}:${homeserver.domain}`;
    const config: Record<string, object> = {
      homeserver: { url: homeserverProxy.url, domain: homeserver.domain },
      practice: { name: 'Mercy Clinic', contact: LINE.number },
      admins: [userId(settings.admin)],
      carriers: { loopback: { type: 'loopback', url: carrier.url, secret } },
      lines: [{ ...LINE, team: [userId(settings.nurse)] }],
      appservice: {
        url: appserviceProxy.url,
        listen: { port: appservicePort },
        registration: registrationPath,
        bot,
        ghost_prefix: ghostPrefix,
      },
      http: { port: httpPort },
      database: { path: 'carebridge.db' },
      secrets: { phi_key: randomBytes(32).toString('base64') },
      encryption: { passphrase: randomBytes(24).toString('base64') },
      audit: { signing_key: randomBytes(32).toString('base64') },
      archive: { key: randomBytes(32).toString('base64') },
    };
    for (const [section, values] of Object.entries(settings.config ?? {}))
      config[section] = { ...config[section], ...values };
    const configPath = join(directory, 'carebridge.yaml');
    // All JSON is YAML.
    await writeFile(configPath, JSON.stringify(config, undefined, 2), { mode: 0o600 });
    const bridge = new BridgeProcess({ config: configPath, httpUrl, directory, env: settings.env ?? {} });
    return new BridgeUnderTest({
      registrationPath,
      carrier,
      homeserverProxy,
      appserviceProxy,
      process: bridge,
      configPath,
      webhookUrl,
      secret,
    });
  }

  /** The bridge's configuration file. */
  get configPath(): string {
    return this.#configPath;
  }

  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`The bridge is not running.\n${this.process.lastLines()}`);
    return pid;
  }

  /** Puts conversations into the database; the bridge must not be running. Returns those that can be used once they are opened. */
  async seed(seed: Omit<Seed, 'line'>): Promise<Conversation[]> {
    const ghosts = await seedConversations(this.#configPath, { ...seed, line: LINE.id });
    return seed.live.map((number) => ({ number, ghost: ghosts.get(number) as UserId, template: undefined }));
  }

  /** The first text of each, with which its room is made, the team joins and keys are shared. Returns how long it took, ms. */
  async open(conversations: readonly Conversation[], progress?: (done: number) => void): Promise<number> {
    let done = 0;
    return inFlight(OPENING, conversations, async (conversation) => {
      await this.text(conversation, 'Hello');
      progress?.(++done);
    });
  }

  /** A patient's text, from the webhook to the event that the homeserver accepted. */
  async text(conversation: Conversation, body: string): Promise<Passage> {
    const startedAt = performance.now();
    const event = this.#nextEvent(conversation);
    event.catch(() => undefined);
    const { number: from } = conversation;
    const message = { kind: 'message', id: randomUUID(), from, to: LINE.number, text: body, media: [] };
    const bytes = Buffer.from(JSON.stringify(message));
    const headers = signatureHeaders(this.#secret, { target: 'webhook', body: bytes });
    const answer = await this.#client.request('POST', this.#webhookUrl, headers, bytes);
    if (answer.status !== 200) throw new Error(`The webhook answered ${answer.status}.\n${this.process.lastLines()}`);
    return passageOf(startedAt, await event);
  }

  /** The same event once more, sent by the bare script: same ghost, room, size and connections, no bridge. */
  async raw(conversation: Conversation): Promise<Passage> {
    const { template } = conversation;
    if (template === undefined) throw new Error('There is no event to repeat yet.');
    const path = template.url.replace(/\/[^/?]+(\?|$)/, `/${randomUUID()}$1`);
    const startedAt = performance.now();
    const event = this.#nextEvent(conversation);
    event.catch(() => undefined);
    const headers = { authorization: template.headers.authorization ?? '' };
    const answer = await this.#client.request('PUT', this.homeserverProxy.url + path, headers, template.requestBody);
    if (answer.status !== 200) throw new Error(`The homeserver answered ${answer.status}: ${answer.body.toString()}`);
    return passageOf(startedAt, await event);
  }

  /**
   * Freezes the process and acknowledges the homeserver's transactions in its place, so that a bare script has the homeserver to itself.
   * Resolves when no request of the bridge is under way there any more; dispose what it answers to go on.
   */
  async frozen(): Promise<Disposable> {
    const { pid } = this;
    this.appserviceProxy.standIn(true);
    process.kill(pid, 'SIGSTOP');
    await this.homeserverProxy.quiet();
    return {
      [Symbol.dispose]: () => {
        process.kill(pid, 'SIGCONT');
        this.appserviceProxy.standIn(false);
      },
    };
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.carrier.stop();
    await this.homeserverProxy.stop();
    await this.appserviceProxy.stop();
    this.#client.close();
  }

  /** The next encrypted event of the conversation's ghost that the homeserver accepts. */
  async #nextEvent(conversation: Conversation): Promise<Exchange> {
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    this.#waiting.set(conversation.ghost, resolve);
    const what = (): string => `an event.\n${this.process.lastLines()}`;
    const exchange = await within(PATIENCE_MS, what, promise);
    conversation.template = exchange;
    return exchange;
  }

  #take(exchange: Exchange): void {
    if (exchange.kind !== 'PUT /rooms/{id}/send/m.room.encrypted/{txn}' || exchange.status !== 200) return;
    const ghost = new URL(exchange.url, 'http://127.0.0.1').searchParams.get('user_id') ?? '';
    this.#waiting.get(ghost)?.(exchange);
    this.#waiting.delete(ghost);
  }
}

function passageOf(startedAt: number, { arrivedAt, answeredAt }: Exchange): Passage {
  return { startedAt, sentAt: arrivedAt, acceptedAt: answeredAt };
}
