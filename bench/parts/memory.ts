/** Resident memory of the bridge: empty, with many conversations stored, with many ghosts at work, and after they fell idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BridgeUnderTest, Conversation } from '../bridge-under-test.ts';
import { Hospital } from '../hospital.ts';
import { inFlight } from '../in-flight.ts';
import { patientNumbers } from '../numbers.ts';
import type { Finding, PartResult, Plan } from '../plan.ts';
import { residentMbOf } from '../process-usage.ts';
import { round } from '../statistics.ts';

/** After start-up, what was only needed for it is given back. ms. */
const CALM_MS = 3_000;
/** Idle machines are looked for four times in the time that they may be idle, and then closed. */
const IDLE_AND_SEEN = 1.35;
const PROGRESS_EVERY = 50;

/** Starts its own hospital. `say` is told how far it is. */
export async function measureMemory(plan: Plan, say: (line: string) => void): Promise<PartResult> {
  const config = { encryption: { idle_ghost: `${plan.idleGhostMs}ms` } };
  await using hospital = await Hospital.start({ bridges: [{ name: 'memory', config }], profile: plan.profile });
  hospital.nurse.stop();
  const { bridge } = hospital;
  const seen: [what: string, megabytes: number][] = [];
  const look = (what: string): void => void seen.push([what, round(residentMbOf(bridge.pid), 1)]);
  const count = plan.ghosts;

  await bridge.process.start();
  await sleep(CALM_MS);
  look('Started with an empty database');
  await bridge.process.stop();

  const conversations = await bridge.seed({ live: patientNumbers(count), stored: [] });
  await bridge.process.start();
  await sleep(CALM_MS);
  look(`Started with ${count} conversations stored`);

  const openedMs = await hospital.open(bridge, conversations, (done) => {
    if (done % PROGRESS_EVERY === 0) say(`${done} of ${count} conversations opened`);
  });
  look(`${count} conversations opened: ghost, device, room, keys`);

  // A new process, so that what opening left behind is not counted.
  await bridge.process.restart();
  await sleep(CALM_MS);
  look(`Started again: ${count} conversations and ghosts known, none used`);
  say('all ghosts text');
  const usedMs = await textOnceEach(bridge, conversations, plan.width);
  look(`${count} ghosts used, each sent a text within ${round(usedMs / 1_000, 0)} s`);
  say('waiting for the machines to fall idle');
  await sleep(plan.idleGhostMs * IDLE_AND_SEEN);
  look(`Idle for ${plan.idleGhostMs / 1_000} s: machines dropped`);
  await textOnceEach(bridge, conversations, plan.width);
  look(`${count} ghosts used once more`);

  const megabytes = seen.map(([what, value]): Finding => ({ what, value, unit: 'MB' }));
  return {
    name: 'memory',
    title: `Resident memory of the bridge, ${count} conversations`,
    findings: [
      ...megabytes,
      {
        what: 'To open a conversation (ghost, device, keys, room, two joined)',
        value: round(openedMs / count),
        unit: 'ms',
        note: 'six at a time',
      },
    ],
    details: { seen: Object.fromEntries(seen), openedMs: round(openedMs), usedMs: round(usedMs) },
  };
}

function textOnceEach(bridge: BridgeUnderTest, conversations: readonly Conversation[], width: number): Promise<number> {
  return inFlight(width, conversations, async (conversation) => {
    await bridge.text(conversation, 'Good morning.');
  });
}
