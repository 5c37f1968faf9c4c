/** A homeserver, a nurse and one or more bridges, for one part of the benchmark. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/cli/demo/free-port.ts';
import { Nurse } from '../src/cli/demo/nurse.ts';
import { startSynapse, type Account, type Synapse } from '../src/cli/demo/synapse.ts';
import { BridgeUnderTest, type BridgeSettings, type Conversation } from './bridge-under-test.ts';
import { Staff } from './staff.ts';
import { TimingProxy } from './timing-proxy.ts';

/** What is needed. */
export interface HospitalOptions {
  readonly bridges: readonly Pick<BridgeSettings, 'name' | 'config'>[];
  /** Write a CPU profile of each bridge into this folder. */
  readonly profile?: string | undefined;
}

const DOMAIN = 'hospital.test';

/** Everything runs but the bridges, which are started by who measures. */
export class Hospital implements AsyncDisposable {
  readonly synapse: Synapse;
  readonly bridges: readonly BridgeUnderTest[];
  /** A real client, logged in and verified. It may be stopped: her device goes on getting keys. */
  readonly nurse: Nurse;
  readonly account: Account;
  /** Between the nurse and the homeserver. */
  readonly nurseProxy: TimingProxy;
  readonly #closing: AsyncDisposableStack;

  private constructor(
    parts: Pick<Hospital, 'synapse' | 'bridges' | 'nurse' | 'account' | 'nurseProxy'>,
    closing: AsyncDisposableStack,
  ) {
    this.synapse = parts.synapse;
    this.bridges = parts.bridges;
    this.nurse = parts.nurse;
    this.account = parts.account;
    this.nurseProxy = parts.nurseProxy;
    this.#closing = closing;
  }

  static async start(options: HospitalOptions): Promise<Hospital> {
    await using closing = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'carebridge-bench-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const port = await freePort();
    const homeserver = { url: `http://127.0.0.1:${port}`, domain: DOMAIN };
    const bridges: BridgeUnderTest[] = [];
    for (const { name, config } of options.bridges) {
      const env = options.profile === undefined ? undefined : profileInto(options.profile);
      const bridge = await BridgeUnderTest.prepare({
        name,
        homeserver,
        directory: join(directory, name),
        nurse: 'nurse',
        admin: 'admin',
        ...(config !== undefined && { config }),
        ...(env !== undefined && { env }),
      });
      closing.defer(() => bridge.stop());
      bridges.push(bridge);
    }
    const synapse = await startSynapse({
      registrations: bridges.map(({ registrationPath }) => registrationPath),
      directory: join(directory, 'synapse'),
      port,
      domain: DOMAIN,
    });
    closing.defer(() => synapse.stop());
    const nurseProxy = new TimingProxy(synapse.url);
    await nurseProxy.start(await freePort());
    closing.defer(() => nurseProxy.stop());
    await synapse.registerUser('admin');
    const account = await synapse.registerUser('nurse');
    const nurse = await Nurse.login(nurseProxy.url, account);
    closing.defer(() => nurse.stop());
    return new Hospital({ synapse, bridges, nurse, account, nurseProxy }, closing.move());
  }

  /** Opens conversations while the nurse joins whatever she is invited to. Returns how long it took, ms. */
  async open(
    bridge: BridgeUnderTest,
    conversations: readonly Conversation[],
    progress?: (done: number) => void,
  ): Promise<number> {
    // Her own client would spend the time of the homeserver on every event of every room.
    const staff = await Staff.login(this.synapse.url, this.account, bridge.homeserverProxy);
    try {
      return await Promise.race([bridge.open(conversations, progress), staff.failed]);
    } finally {
      staff.stop();
    }
  }

  /** The only bridge. */
  get bridge(): BridgeUnderTest {
    const [bridge] = this.bridges;
    if (bridge === undefined) throw new Error('There is no bridge.');
    return bridge;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }
}

function profileInto(folder: string): Record<string, string> {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}
