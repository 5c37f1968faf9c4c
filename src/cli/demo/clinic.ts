/** A whole clinic on one machine: a real homeserver, the simulated carrier, the bridge as a process, and staff with real clients. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistrationTokens } from '../../matrix/registration.ts';
import { LoopbackSimulator, type SimulatorOptions } from '../../sms/loopback/simulator.ts';
import { allowAccountControl } from './allow-account-control.ts';
import { BridgeProcess } from './bridge-process.ts';
import { writeClinicConfig, writeClinicRegistration, type ClinicLines, type Section } from './clinic-config.ts';
import { freePort } from './free-port.ts';
import { Nurse } from './nurse.ts';
import { startSynapse, type Account, type Synapse, type SynapseOptions } from './synapse.ts';
import { waitFor, type WaitOptions } from './wait-for.ts';

export interface ClinicOptions {
  /** Where everything is kept, and left. By default a temporary folder that is removed at the end. */
  readonly directory?: string;
  /** A PostgreSQL database; SQLite where left out. */
  readonly databaseUrl?: string;
  /** By default one, `front-desk`, with the team `nurse`. */
  readonly lines?: ClinicLines;
  /** Localparts of the administrators; by default `admin`. */
  readonly admins?: readonly string[];
  /** Version of new rooms; by default the homeserver's own. */
  readonly roomVersion?: string;
  /** Settings of carebridge.yaml laid over the clinic's, section by section. */
  readonly config?: Readonly<Record<string, Section>>;
  readonly synapse?: Pick<SynapseOptions, 'extraConfig' | 'port'>;
  readonly carrier?: Partial<SimulatorOptions>;
  /** True: the bridge may end sessions and lock accounts, by the way that docs/install.md tells. */
  readonly accountControl?: boolean;
  /** How staff log in where the homeserver does not own the accounts; then none is made beforehand. By default with passwords. */
  readonly login?: (localpart: string, synapse: Synapse) => Promise<Nurse>;
  /** False: everything is there, but the bridge is not started. */
  readonly startBridge?: boolean;
}

/** What a clinic is made of. */
interface ClinicParts {
  readonly directory: string;
  readonly synapse: Synapse;
  readonly carrier: LoopbackSimulator;
  readonly bridge: BridgeProcess;
  /** Of the registration, to speak as the homeserver or as the bridge. */
  readonly tokens: RegistrationTokens;
  readonly configPath: string;
  /** Carriers' webhooks, health and metrics. */
  readonly httpUrl: string;
  /** What the homeserver calls. */
  readonly appserviceUrl: string;
  /** Staff by localpart, before they log in. */
  readonly accounts: ReadonlyMap<string, Account>;
}

/** A running clinic. */
export interface Clinic extends ClinicParts, AsyncDisposable {
  /** Logs a member of staff in, on their first device. */
  login(localpart: string): Promise<Nurse>;
  /** A client that `close` is to stop too, e.g. a second device. */
  add(nurse: Nurse): Nurse;
  /** Joins the room for commands, to which the bot invites all staff; returns its id. */
  joinCommandRoom(nurse: Nurse): Promise<string>;
  /** Waits for the invitation to a room in which the nurse is not yet, and joins. */
  joinNextConversation(nurse: Nurse): Promise<string>;
  /** The nurse types `!care text` in the command room, and joins the room that opens. */
  startConversation(nurse: Nurse, commandRoom: string, number: string, name?: string): Promise<string>;
  /** Ends staff, bridge, carrier and homeserver, and removes the files unless a folder was given. */
  close(): Promise<void>;
}

const DOMAIN = 'hospital.test';
/** The bridge's own user. */
export const BOT = `@carebridge:${DOMAIN}`;
const COMMAND_ROOM_ALIAS = `#carebridge_command:${DOMAIN}`;
const DEFAULT_LINES: ClinicLines = { 'front-desk': { number: '+12125550100', team: ['nurse'] } };

/** Starts a clinic and returns once its bridge is ready. */
export async function startClinic(options: ClinicOptions = {}): Promise<Clinic> {
  await using starting = new AsyncDisposableStack();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'carebridge-clinic-')));
  if (options.directory === undefined) starting.defer(() => rm(directory, { recursive: true, force: true }));

  const { lines = DEFAULT_LINES, admins = ['admin'] } = options;
  const [appservicePort, httpPort] = [await freePort(), await freePort()];
  const appserviceUrl = `http://127.0.0.1:${appservicePort}`;
  const httpUrl = `http://127.0.0.1:${httpPort}`;
  const { path: registrationPath, registration } = writeClinicRegistration(directory, DOMAIN, appserviceUrl);

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
    domain: DOMAIN,
    ...(options.roomVersion === undefined ? {} : { roomVersion: options.roomVersion }),
    ...options.synapse,
  });
  starting.defer(() => synapse.stop());

  const accounts = new Map<string, Account>();
  const staff = new Set([...admins, ...Object.values(lines).flatMap(({ team }) => team)]);
  for (const localpart of options.login === undefined ? staff : []) {
    accounts.set(localpart, await synapse.registerUser(localpart));
  }

  if (options.accountControl === true) await allowAccountControl(synapse, registration);

  const configPath = await writeClinicConfig({
    directory,
    domain: DOMAIN,
    homeserverUrl: synapse.url,
    appservicePort,
    httpPort,
    lines,
    admins,
    carrier: { url: carrier.url, secret },
    databaseUrl: options.databaseUrl,
    roomVersion: options.roomVersion,
    overrides: options.config ?? {},
  });
  const bridge = new BridgeProcess({ config: configPath, httpUrl, directory });
  starting.defer(async () => void (await bridge.stop()));
  if (options.startBridge !== false) await bridge.start();

  const tokens = { asToken: registration.asToken, hsToken: registration.hsToken };
  const parts = { directory, synapse, carrier, bridge, tokens, configPath, httpUrl, appserviceUrl, accounts };
  return withStaff(parts, starting.move(), options.login);
}

function withStaff(parts: ClinicParts, stack: AsyncDisposableStack, login: ClinicOptions['login']): Clinic {
  const { synapse, bridge, accounts } = parts;
  const waiting: WaitOptions = {
    instead: () => `the bridge's last words are:\n${bridge.lastLines()}`,
  };
  const clinic: Clinic = {
    ...parts,
    async login(localpart) {
      if (login !== undefined) return clinic.add(await login(localpart, synapse));
      const account = accounts.get(localpart) ?? (await synapse.registerUser(localpart));
      return clinic.add(await Nurse.login(synapse.url, account));
    },
    add(nurse) {
      stack.defer(() => nurse.stop());
      return nurse;
    },
    async joinCommandRoom(nurse) {
      const find = (): Promise<string | undefined> =>
        nurse.client.getRoomIdForAlias(COMMAND_ROOM_ALIAS).then(
          ({ room_id }) => room_id,
          () => undefined,
        );
      const roomId = await waitFor('the command room', find, waiting);
      await nurse.waitForInvite((invited) => invited === roomId, waiting);
      return nurse.join(roomId);
    },
    async joinNextConversation(nurse) {
      return nurse.join(await nurse.waitForInvite(() => true, waiting));
    },
    async startConversation(nurse, commandRoom, number, name = '') {
      await nurse.send(commandRoom, `!care text ${number} ${name}`.trim());
      return clinic.joinNextConversation(nurse);
    },
    close: () => stack.disposeAsync(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return clinic;
}
