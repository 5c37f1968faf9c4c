/** A whole clinic on one machine: a real homeserver, the simulated carrier, the bridge as a process, and staff with real clients. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRegistration, writeRegistration, type RegistrationTokens } from '../../matrix/registration.ts';
import { LoopbackSimulator, type SimulatorOptions } from '../../sms/loopback/simulator.ts';
import { BridgeProcess } from './bridge-process.ts';
import { freePort } from './free-port.ts';
import { Nurse } from './nurse.ts';
import { startSynapse, type Account, type Synapse, type SynapseOptions } from './synapse.ts';
import { waitFor } from './wait-for.ts';

const COMMAND_ROOM_ALIAS = 'command';

/** Settings of a section, by their names in the configuration file. */
type Section = Readonly<Record<string, unknown>>;

export interface ClinicOptions {
  /** Where everything is kept, and left. By default a temporary folder that is removed at the end. */
  readonly directory?: string;
  /** A PostgreSQL database; SQLite where left out. */
  readonly databaseUrl?: string;
  /** Lines by their id, each with its number and the localparts of its team. */
  readonly lines?: Readonly<Record<string, { readonly number: string; readonly team: readonly string[] }>>;
  /** Localparts of the administrators. */
  readonly admins?: readonly string[];
  readonly roomVersion?: string;
  /** Settings laid over the clinic's, section by section. */
  readonly config?: Readonly<Record<string, Section>>;
  readonly synapse?: Pick<SynapseOptions, 'extraConfig'>;
  readonly carrier?: Partial<SimulatorOptions>;
  /** False: everything is there, but the bridge is not started. */
  readonly startBridge?: boolean;
}

const DEFAULT_LINES = { 'front-desk': { number: '+12125550100', team: ['nurse'] } };

/** A running clinic. `close()` ends all of it. */
export class Clinic {
  readonly directory: string;
  readonly synapse: Synapse;
  readonly carrier: LoopbackSimulator;
  readonly bridge: BridgeProcess;
  readonly tokens: RegistrationTokens;
  /** Path of the configuration file. */
  readonly configPath: string;
  /** Carriers' webhooks, health and metrics. */
  readonly httpUrl: string;
  /** What the homeserver calls. */
  readonly appserviceUrl: string;
  /** Staff by localpart, before they log in. */
  readonly accounts: ReadonlyMap<string, Account>;
  readonly #nurses: Nurse[] = [];
  readonly #keep: boolean;

  constructor(parts: Omit<ClinicParts, 'keep'>, keep: boolean) {
    this.directory = parts.directory;
    this.synapse = parts.synapse;
    this.carrier = parts.carrier;
    this.bridge = parts.bridge;
    this.tokens = parts.tokens;
    this.configPath = parts.configPath;
    this.httpUrl = parts.httpUrl;
    this.appserviceUrl = parts.appserviceUrl;
    this.accounts = parts.accounts;
    this.#keep = keep;
  }

  /** Logs a member of staff in, on their first device. */
  async login(localpart: string): Promise<Nurse> {
    const account = this.accounts.get(localpart) ?? (await this.synapse.registerUser(localpart));
    return this.add(await Nurse.login(this.synapse.url, account));
  }

  /** A client that `close()` is to stop too, e.g. a second device. */
  add(nurse: Nurse): Nurse {
    this.#nurses.push(nurse);
    return nurse;
  }

  /** Joins the room for commands, to which the bot invites all staff; answers its id. */
  async joinCommandRoom(nurse: Nurse): Promise<string> {
    const alias = `#carebridge_${COMMAND_ROOM_ALIAS}:${this.synapse.domain}`;
    const find = (): Promise<string | undefined> =>
      nurse.client.getRoomIdForAlias(alias).then(
        ({ room_id }) => room_id,
        () => undefined,
      );
    const roomId = await waitFor('the command room', find, {
      timeoutMs: 20_000,
      instead: () => this.bridge.lastLines(),
    });
    await nurse.waitForInvite((invited) => invited === roomId, { instead: () => this.bridge.lastLines() });
    return await nurse.join(roomId);
  }

  /** Waits for the invitation to a room in which the nurse is not yet, and joins. */
  async joinNextConversation(nurse: Nurse): Promise<string> {
    const roomId = await nurse.waitForInvite(() => true, { timeoutMs: 20_000, instead: () => this.bridge.lastLines() });
    return await nurse.join(roomId);
  }

  /** The nurse types `!care text` in the command room, and joins the room that opens. */
  async startConversation(nurse: Nurse, commandRoom: string, number: string, name = ''): Promise<string> {
    await nurse.send(commandRoom, `!care text ${number} ${name}`.trim());
    return await this.joinNextConversation(nurse);
  }

  /** Ends staff, bridge, carrier and homeserver, and removes the files unless a folder was given. */
  async close(): Promise<void> {
    for (const nurse of this.#nurses) nurse.stop();
    await this.bridge.stop();
    await this.carrier.stop();
    await this.synapse.stop();
    if (!this.#keep) await rm(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface ClinicParts {
  readonly directory: string;
  readonly synapse: Synapse;
  readonly carrier: LoopbackSimulator;
  readonly bridge: BridgeProcess;
  readonly tokens: RegistrationTokens;
  readonly configPath: string;
  readonly httpUrl: string;
  readonly appserviceUrl: string;
  readonly accounts: ReadonlyMap<string, Account>;
}

/** Starts a clinic and answers once its bridge is ready. */
export async function startClinic(options: ClinicOptions = {}): Promise<Clinic> {
  await using starting = new AsyncDisposableStack();
  const keep = options.directory !== undefined;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'carebridge-clinic-')));
  if (!keep) starting.defer(() => rm(directory, { recursive: true, force: true }));

  const domain = 'hospital.test';
  const [appservicePort, httpPort, synapsePort] = [await freePort(), await freePort(), await freePort()];
  const appserviceUrl = `http://127.0.0.1:${appservicePort}`;
  const httpUrl = `http://127.0.0.1:${httpPort}`;
  const registrationPath = join(directory, 'registration.yaml');
  const settings = { domain, url: appserviceUrl, bot: 'carebridge', ghostPrefix: 'carebridge_' };
  const registration = makeRegistration(settings);
  writeRegistration(registrationPath, registration);

  const lines = options.lines ?? DEFAULT_LINES;
  const secret = randomBytes(24).toString('base64url');
  const carrier = new LoopbackSimulator({
    secret,
    webhookUrl: `${httpUrl}/carriers/loopback/webhook`,
    lines: Object.entries(lines).map(([name, { number }]) => ({ name, number })),
    ...options.carrier,
  });
  await carrier.start();
  starting.defer(() => carrier.stop());

  const synapse = await startSynapse({
    registrations: [registrationPath],
    directory: join(directory, 'synapse'),
    port: synapsePort,
    domain,
    ...(options.roomVersion === undefined ? {} : { roomVersion: options.roomVersion }),
    ...options.synapse,
  });
  starting.defer(() => synapse.stop());

  const admins = options.admins ?? ['admin'];
  const staff = new Set([...admins, ...Object.values(lines).flatMap(({ team }) => team)]);
  const accounts = new Map<string, Account>();
  for (const localpart of staff) accounts.set(localpart, await synapse.registerUser(localpart));

  const userId = (localpart: string): string => `@${localpart}:${domain}`;
  const configPath = join(directory, 'carebridge.yaml');
  const config: Record<string, unknown> = {
    homeserver: { url: synapse.url, domain },
    practice: { name: 'Mercy Clinic', contact: '+1 212 555 0100' },
    admins: admins.map(userId),
    carriers: { loopback: { type: 'loopback', url: carrier.url, secret } },
    lines: Object.entries(lines).map(([id, { number, team }]) => ({ id, number, team: team.map(userId) })),
    appservice: { listen: { port: appservicePort }, registration: registrationPath },
    http: { port: httpPort },
    database: options.databaseUrl === undefined ? { path: 'carebridge.db' } : { url: options.databaseUrl },
    secrets: { phi_key: randomBytes(32).toString('base64') },
    encryption: { passphrase: randomBytes(24).toString('base64') },
    ...(options.roomVersion === undefined ? {} : { rooms: { version: options.roomVersion } }),
  };
  for (const [name, section] of Object.entries(options.config ?? {})) {
    config[name] = { ...(config[name] as Section | undefined), ...section };
  }
  // All JSON is YAML.
  await writeFile(configPath, JSON.stringify(config, undefined, 2), { mode: 0o600 });

  const bridge = new BridgeProcess({ config: configPath, httpUrl, directory });
  const tokens = { asToken: registration.asToken, hsToken: registration.hsToken };
  const parts = { directory, synapse, carrier, bridge, tokens, configPath, httpUrl, appserviceUrl, accounts };
  starting.defer(async () => void (await bridge.stop()));
  if (options.startBridge !== false) await bridge.start();
  starting.move();
  return new Clinic(parts, keep);
}
