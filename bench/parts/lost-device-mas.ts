/**
 * A lost phone where the accounts belong to Matrix Authentication Service, for each kind of session: from the command to the phone's dead session. Real where
 * CAREBRIDGE_MAS_CLI names a mas-cli, played otherwise, and the title says which. A browser session has no token of the homeserver: it is over when the bridge,
 * which asks MAS, says so.
 */
import { startClinic } from '../../src/cli/demo/clinic.ts';
import { bodyOf, CommandRoom } from '../../src/cli/demo/command-room.ts';
import { Nurse } from '../../src/cli/demo/nurse.ts';
import { refused, syncUntilRefused } from '../../test/support/session.ts';
import { startFakeMas } from '../../test/support/fake-mas.ts';
import { freePort } from '../../test/support/free-port.ts';
import { findPostgres } from '../../test/support/postgres.ts';
import { MAS_CLI, startRealMas } from '../../test/support/real-mas.ts';
import { removeTempDirs } from '../../test/support/temp-dir.ts';
import { accountsWithMas, synapseWithMas, type TestMas } from '../../test/support/test-mas.ts';
import type { Finding, PartResult, Plan } from '../plan.ts';
import { p50p95, round } from '../statistics.ts';

/** With MAS's job worker running. */
const GOAL = { atMost: 1_000 };
const DOMAIN = 'hospital.test';

/** Starts its own clinic, beside its own MAS. */
export async function measureLostDeviceMas(plan: Plan): Promise<PartResult> {
  await using closing = new AsyncDisposableStack();
  closing.defer(removeTempDirs);
  const port = await freePort();
  const { mas, which } = await startMas(`http://127.0.0.1:${port}`);
  closing.defer(() => mas.stop());
  const session = async (name: string, deviceId: string) => {
    const { token: accessToken } = await mas.login(name, 'oauth2', deviceId);
    return { userId: `@${name}:${DOMAIN}`, deviceId, accessToken };
  };
  const clinic = await startClinic({
    synapse: { port, extraConfig: synapseWithMas(mas) },
    config: { accounts: accountsWithMas(mas, `@carebridge-admin:${DOMAIN}`) },
    login: async (name, { url }) => Nurse.withSession(url, await session(name, `${name}-desktop`)),
    startBridge: false,
  });
  closing.use({ [Symbol.asyncDispose]: () => clinic.close() });
  await mas.addUser('carebridge-admin', { admin: true });
  await mas.addUser('admin');
  await clinic.bridge.start();
  const room = await CommandRoom.join(clinic, await clinic.login('admin'));

  const times = new Map<string, number[]>();
  for (let run = 0; run < plan.lostDevicesMas; run++) {
    for (const kind of ['compat', 'oauth2', 'personal'] as const)
      note(times, `${kind} session`, await loseDevice(mas, clinic.synapse.url, room, kind, `${kind}-${run}`));
    note(times, 'browser session', await endBrowser(mas, room, `browser-${run}`));
  }
  return {
    name: 'lost-device-mas',
    title: `A lost phone beside Matrix Authentication Service, ${which}: from the command to the dead session, by its kind`,
    findings: [...times].flatMap(([what, values]) => findingsOf(what, values)),
    details: Object.fromEntries([...times].map(([what, values]) => [what, values.map((value) => round(value))])),
  };
}

async function startMas(homeserverUrl: string): Promise<{ mas: TestMas; which: string }> {
  const cli = process.env[MAS_CLI];
  if (!cli) return { mas: await startFakeMas(homeserverUrl), which: `played (${MAS_CLI} names no real one)` };
  const postgres = await findPostgres();
  if (postgres === undefined) throw new Error('A real MAS needs PostgreSQL, which is not installed.');
  return { mas: await startRealMas({ cli, postgres }, homeserverUrl), which: 'real' };
}

/** How long until both the next request and the pending `/sync` are refused. ms. */
async function loseDevice(
  mas: TestMas,
  url: string,
  room: CommandRoom,
  kind: 'compat' | 'oauth2' | 'personal',
  name: string,
): Promise<number> {
  await mas.addUser(name);
  const { token } = await mas.login(name, kind, 'PHONE-4711');
  const [sync, request] = [syncUntilRefused({ url, token }), refused({ url, token })];
  const typed = performance.now();
  const answer = await room.hears(`lost-device @${name}:${DOMAIN} PHONE-4711`);
  if (!answer.includes('is signed out')) throw new Error(`The session was not ended: ${answer}`);
  return Math.max((await sync).at, (await request).at) - typed;
}

/** How long from the yes until the bridge says that MAS has no such session any more. ms. */
async function endBrowser(mas: TestMas, room: CommandRoom, name: string): Promise<number> {
  await mas.addUser(name);
  await mas.login(name, 'browser');
  const question = await room.says(`!care lost-device all @${name}:${DOMAIN}`);
  const confirmed = performance.now();
  const answer = bodyOf(await room.decide(question, '✅'));
  if (!answer.includes('1 browser session ended in MAS')) throw new Error(`The session was not ended: ${answer}`);
  return performance.now() - confirmed;
}

function note(times: Map<string, number[]>, what: string, value: number): void {
  times.set(what, [...(times.get(what) ?? []), value]);
}

function findingsOf(what: string, values: readonly number[]): Finding[] {
  const { p50, p95 } = p50p95(values);
  const how = what.startsWith('browser')
    ? 'yes to the answer that MAS has it no more'
    : 'command typed to request and /sync refused';
  return [
    { what: `${what}, p50`, value: p50, unit: 'ms', goal: GOAL, note: `${how}; ${values.length} times` },
    { what: `${what}, p95`, value: p95, unit: 'ms', goal: GOAL },
  ];
}
