/**
 * A lost phone: from the command, that an administrator types in a real client, to the phone's dead session: its next request, of which it makes one after
 * the other, and the long-poll `/sync` that it has pending. The phone is a session without a client, so that the bridge and the homeserver are measured.
 */
import { startClinic, type Clinic } from '../../src/cli/demo/clinic.ts';
import type { Nurse } from '../../src/cli/demo/nurse.ts';
import { refused, requestOf, syncUntilRefused } from '../../test/support/session.ts';
import type { Finding, PartResult, Plan } from '../plan.ts';
import { p50p95, round } from '../statistics.ts';

/** Times are in ms from before the command was sent. */
interface Lost {
  readonly requestMs: number;
  readonly syncMs: number;
  readonly answerMs: number;
  /** The refused `/sync` was begun while the session was alive. */
  readonly wasPending: boolean;
}

const GOAL = { atMost: 2_000 };

/** Starts its own clinic. */
export async function measureLostDevice(plan: Plan): Promise<PartResult> {
  await using clinic = await startClinic({ accountControl: true });
  const [admin, nurse] = [await clinic.login('admin'), await clinic.login('nurse')];
  const room = await clinic.joinCommandRoom(admin);
  await clinic.joinCommandRoom(nurse);
  const runs: Lost[] = [];
  for (let run = 0; run < plan.lostDevices; run++) runs.push(await loseOne(clinic, admin, room));

  const pending = runs.filter(({ wasPending }) => wasPending);
  const request = p50p95(runs.map(({ requestMs }) => requestMs));
  const sync = p50p95(runs.map(({ syncMs }) => syncMs));
  const answer = p50p95(runs.map(({ answerMs }) => answerMs));
  const findings = (['p50', 'p95'] as const).flatMap((key): Finding[] => [
    {
      what: `Command typed to the phone’s next request refused, ${key}`,
      value: request[key],
      unit: 'ms',
      goal: GOAL,
      note: `answer in the room ${answer[key]}; ${runs.length} phones`,
    },
    {
      what: `Command typed to the phone’s /sync refused, ${key}`,
      value: sync[key],
      unit: 'ms',
      goal: GOAL,
      note: `${pending.length} by the long-poll that was pending, the others by the one after it`,
    },
  ]);
  return {
    name: 'lost-device',
    title: `A lost phone, ${runs.length} times: from the command to the dead session`,
    findings,
    details: {
      runs: runs.map(({ wasPending, ...ms }) => ({
        ...Object.fromEntries(Object.entries(ms).map(([key, value]) => [key, round(value)])),
        wasPending,
      })),
    },
  };
}

async function loseOne({ synapse, accounts }: Clinic, admin: Nurse, room: string): Promise<Lost> {
  const account = accounts.get('nurse');
  if (account === undefined) throw new Error('There is no nurse.');
  const phone = { url: synapse.url, token: await synapse.accessToken(account) };
  const { deviceId } = await requestOf(phone);
  const [sync, request] = [syncUntilRefused(phone), refused(phone)];
  const typed = performance.now();
  const command = await admin.send(room, `!care lost-device ${account.userId} ${deviceId}`);
  await admin.waitForMessage(room, ({ content }) => String(content['body']).startsWith(`Device ${deviceId}`), {
    after: command,
  });
  const answered = performance.now();
  const [refusedRequest, refusedSync] = await Promise.all([request, sync]);
  return {
    requestMs: refusedRequest.at - typed,
    syncMs: refusedSync.at - typed,
    answerMs: answered - typed,
    wasPending: refusedSync.pendingSince < refusedRequest.at,
  };
}
