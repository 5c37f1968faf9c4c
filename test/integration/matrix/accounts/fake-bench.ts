/** Fakes on real HTTP, and the adapter over them. */
import type { UserId } from '../../../../src/model/ids.ts';
import { openAccounts, type AccountsOptions } from '../../../../src/matrix/accounts/detect.ts';
import { probe, setPusher, WHOAMI, type AccountsBench } from '../../../support/accounts-contract.ts';
import {
  ADMIN_TOKEN,
  AS_TOKEN,
  FakeAccountHomeserver,
  type FakeAccountMode,
} from '../../../support/fake-account-homeserver.ts';
import { startFakeMas, type FakeMas } from '../../../support/fake-mas.ts';

export interface FakeBench extends AccountsBench {
  readonly homeserver: FakeAccountHomeserver;
  readonly mas: FakeMas;
  readonly options: AccountsOptions;
  /** Moves both servers' and the adapter's clock. ms. */
  pass(ms: number): void;
  stop(): Promise<void>;
}

/** Starts it. */
export async function startFakeBench(
  mode: FakeAccountMode,
  changes: Partial<AccountsOptions> = {},
): Promise<FakeBench> {
  const homeserver = new FakeAccountHomeserver(mode);
  await homeserver.start();
  const mas = await startFakeMas(homeserver.url);
  homeserver.mas = mas;
  let passed = 0;
  const now = () => Date.now() + passed;
  homeserver.now = now;
  mas.now = now;
  if (mode === 'mas') await mas.addUser('carebridge-admin', { admin: true });
  const options: AccountsOptions = {
    adapter: 'auto',
    homeserverUrl: homeserver.url,
    adminToken: mode === 'mas' ? undefined : ADMIN_TOKEN,
    asToken: AS_TOKEN,
    mas: mode === 'mas' ? { ...clientOf(mas), adminUser: '@carebridge-admin:hospital.test' as UserId } : undefined,
    workerMs: 300,
    now,
    ...changes,
  };
  let users = 0;
  const localpart = (user: UserId) => user.slice(1, user.indexOf(':'));
  return {
    mode,
    homeserver,
    mas,
    options,
    accounts: openAccounts(options),
    async newUser() {
      const name = `nurse-${++users}`;
      if (mode === 'mas') await mas.addUser(name);
      else homeserver.addUser(name);
      return `@${name}:hospital.test` as UserId;
    },
    async login(user, deviceId) {
      return mode === 'mas'
        ? (await mas.login(localpart(user), 'oauth2', deviceId)).token
        : homeserver.login(user, deviceId);
    },
    async passwordLogin(user, deviceId) {
      return mode === 'mas'
        ? (await mas.login(localpart(user), 'compat', deviceId)).token
        : homeserver.login(user, deviceId);
    },
    setPusher: (token, name) => setPusher(homeserver.url, token, name),
    whoami: (token) => probe(homeserver.url, token, WHOAMI),
    send: (token) => probe(homeserver.url, token, '/_matrix/client/v3/createRoom', 'POST'),
    async deactivate(user) {
      // MAS's fake has its own bench.
      homeserver.users.get(user)!.deactivated = true;
    },
    pass: (ms) => (passed += ms),
    async stop() {
      await Promise.all([homeserver.stop(), mas.stop()]);
    },
  };
}

/** What the adapter is told of MAS. */
export function clientOf({ url, clientId, clientSecret }: FakeMas) {
  return { url, clientId, clientSecret };
}
