/** What a text costs where few and where many conversations are stored: two bridges on one homeserver, taking turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BridgeUnderTest, Conversation } from '../bridge-under-test.ts';
import { Hospital } from '../hospital.ts';
import { inFlight } from '../in-flight.ts';
import { patientNumbers } from '../numbers.ts';
import type { PartResult, Plan } from '../plan.ts';
import { cpuMsOf } from '../process-usage.ts';
import { median, round } from '../statistics.ts';

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Side {
  readonly bridge: BridgeUnderTest;
  readonly conversations: readonly Conversation[];
  readonly costs: Cost[];
}

const SETTLE_MS = 500;

/** Starts its own hospital. */
export async function measureStored(plan: Plan): Promise<PartResult> {
  await using hospital = await Hospital.start({
    bridges: [{ name: 'few' }, { name: 'many' }],
    profile: plan.profile,
  });
  hospital.nurse.stop();
  const sides: Side[] = [];
  for (const [index, stored] of [plan.few, plan.many].entries()) {
    const bridge = hospital.bridges[index] as BridgeUnderTest;
    const numbers = patientNumbers(stored);
    const conversations = await bridge.seed({ live: numbers.slice(0, plan.width), stored: numbers.slice(plan.width) });
    await bridge.process.start();
    await hospital.open(bridge, conversations);
    sides.push({ bridge, conversations, costs: [] });
  }
  for (let index = 0; index < 2 * plan.rounds; index++) {
    for (const side of index % 2 === 0 ? sides : sides.toReversed()) {
      side.costs.push(await costPerText(side, plan.textsAlone));
      await sleep(SETTLE_MS);
    }
  }
  const [few, many] = sides.map(({ costs }) => summarise(costs)) as [StoredCost, StoredCost];
  const against = `${plan.many} against ${plan.few} conversations stored`;
  const goal = { atMost: 1.2 };
  return {
    name: 'stored',
    title: 'Cost of a text by the number of conversations stored, 1 in flight',
    findings: [
      {
        what: `Time per text, ${against}`,
        value: round(many.wallMs / few.wallMs),
        unit: '',
        goal,
        note: `${many.wallMs} ms and ${few.wallMs} ms; medians of ${2 * plan.rounds} rounds each`,
      },
      {
        what: `CPU of the bridge per text, ${against}`,
        value: round(many.cpuMs / few.cpuMs),
        unit: '',
        goal,
        note: `${many.cpuMs} ms and ${few.cpuMs} ms`,
      },
    ],
    details: { few, many },
  };
}

function summarise(costs: readonly Cost[]): StoredCost {
  return {
    wallMs: round(median(costs.map(({ wallMs }) => wallMs))),
    cpuMs: round(median(costs.map(({ cpuMs }) => cpuMs))),
    ofRounds: costs.map(({ wallMs, cpuMs }) => ({ wallMs: round(wallMs), cpuMs: round(cpuMs) })),
  };
}

interface StoredCost extends Cost {
  readonly ofRounds: readonly Cost[];
}

async function costPerText({ bridge, conversations }: Side, count: number): Promise<Cost> {
  const order = Array.from({ length: count }, (_none, index) => conversations[index % conversations.length]);
  const cpuBefore = cpuMsOf(bridge.pid);
  const tookMs = await inFlight(1, order as Conversation[], async (conversation) => {
    await bridge.text(conversation, 'Thank you, see you then.');
  });
  return { wallMs: tookMs / count, cpuMs: (cpuMsOf(bridge.pid) - cpuBefore) / count };
}
