/**
 * From a carrier's signed webhook to the event that the homeserver accepted, against a bare script that sends the same events. While the script
 * sends, the bridge stands still, so that nothing of ours (its /sync above all) costs the homeserver anything.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BridgeUnderTest, Conversation, Passage } from '../bridge-under-test.ts';
import type { Hospital } from '../hospital.ts';
import { inFlight, lanes } from '../in-flight.ts';
import type { Finding, PartResult, Plan } from '../plan.ts';
import { cpuMsOf } from '../process-usage.ts';
import { median, p50p95, round } from '../statistics.ts';

type Sender = 'raw' | 'bridge';

interface Round {
  readonly sender: Sender;
  readonly passages: readonly Passage[];
  readonly perSecond: number;
  readonly bridgeCpuMs: number;
  readonly homeserverCpuMs: number;
  readonly requests: ReadonlyMap<string, number>;
}

/** What is left over of a round must not disturb the next. ms. */
const SETTLE_MS = 700;
/** After an event is accepted the homeserver still pushes it to the bridge. With this pause each text finds both at rest. ms. */
const APART_MS = 250;

/** Measures with all conversations in flight and with one. The bridge runs, and the conversations are open. */
export async function measureInbound(
  hospital: Hospital,
  conversations: readonly Conversation[],
  plan: Plan,
): Promise<PartResult> {
  const { bridge } = hospital;
  await lanes(conversations, WARM_UP, async (conversation) => {
    await bridge.text(conversation, TEXT);
    await bridge.raw(conversation);
  });
  const turns = (run: (sender: Sender) => Promise<Round>) => takeTurns(plan.rounds, bridge, conversations, run);
  const together = await turns((sender) =>
    runRound(hospital, sender, plan.width * plan.texts, (send) => lanes(conversations, plan.texts, send)),
  );
  const alone = await turns((sender) => {
    const order = Array.from(
      { length: plan.textsAlone },
      (_none, index) => conversations[index % conversations.length],
    );
    return runRound(hospital, sender, plan.textsAlone, (send) =>
      inFlight(1, order as Conversation[], (conversation) => send(conversation)),
    );
  });
  const apart = await oneByOne(bridge, conversations, plan.textsApart);
  const requests = countRequests([...together, ...alone].filter(({ sender }) => sender === 'bridge'));
  const [wide, narrow] = [compare(together), compare(alone)];
  const findings: Finding[] = [
    ...describe(wide, `${plan.width} in flight`),
    ...describe(narrow, '1 in flight'),
    ...describeApart(apart),
    {
      what: 'Homeserver requests per text, keys shared',
      value: round(requests.perText, 3),
      unit: 'requests',
      goal: { atMost: 1.1 },
      note: Object.entries(requests.kinds)
        .map(([kind, count]) => `${kind}: ${count}`)
        .join(', '),
    },
  ];
  return {
    name: 'inbound',
    title: 'Patient to room: signed webhook to event accepted by the homeserver',
    findings,
    details: {
      together: wide,
      alone: narrow,
      apart,
      requests,
      eventBytes: eventBytesOf(conversations),
      pid: bridge.pid,
    },
  };
}

/** raw, bridge, bridge, raw, ...: whatever else the machine does meets both alike. */
async function takeTurns(
  rounds: number,
  bridge: BridgeUnderTest,
  conversations: readonly Conversation[],
  run: (sender: Sender) => Promise<Round>,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let index = 0; index < rounds; index++) {
    const turn: Sender[] = index % 2 === 0 ? ['raw', 'bridge'] : ['bridge', 'raw'];
    for (const sender of turn) {
      if (sender === 'raw') {
        using _still = await bridge.frozen();
        done.push(await run(sender));
        await sleep(SETTLE_MS);
      } else {
        // A process that stood still asks anew who has which device, and what it keeps open was closed.
        await lanes(conversations, WARM_UP, async (conversation) => void (await bridge.text(conversation, TEXT)));
        await sleep(SETTLE_MS);
        done.push(await run(sender));
      }
    }
  }
  return done;
}

/** Single texts, raw and bridged in turns: what a patient waits for on a calm machine. */
async function oneByOne(bridge: BridgeUnderTest, conversations: readonly Conversation[], count: number) {
  const passages: Record<Sender, Passage[]> = { raw: [], bridge: [] };
  for (let index = 0; index < count; index++) {
    const conversation = conversations[index % conversations.length] as Conversation;
    for (const sender of ['raw', 'bridge'] as const) {
      await sleep(APART_MS);
      passages[sender].push(await (sender === 'raw' ? bridge.raw(conversation) : bridge.text(conversation, TEXT)));
    }
  }
  return { raw: timesOf(passages.raw), bridge: timesOf(passages.bridge) };
}

async function runRound(
  { bridge, synapse }: { readonly bridge: BridgeUnderTest; readonly synapse: { readonly pid: number } },
  sender: Sender,
  count: number,
  run: (send: (conversation: Conversation) => Promise<void>) => Promise<number>,
): Promise<Round> {
  const passages: Passage[] = [];
  bridge.homeserverProxy.takeCounts();
  const before = [cpuMsOf(bridge.pid), cpuMsOf(synapse.pid)] as const;
  const tookMs = await run(async (conversation) => {
    const passage = sender === 'raw' ? bridge.raw(conversation) : bridge.text(conversation, TEXT);
    passages.push(await passage);
  });
  return {
    sender,
    passages,
    perSecond: (count * 1_000) / tookMs,
    requests: bridge.homeserverProxy.takeCounts(),
    bridgeCpuMs: (cpuMsOf(bridge.pid) - before[0]) / count,
    homeserverCpuMs: (cpuMsOf(synapse.pid) - before[1]) / count,
  };
}

/** Texts of each conversation before the first that counts: whatever is done once is done with them, the news of other devices included. */
const WARM_UP = 3;
const TEXT = 'Hello, this is about my appointment on Thursday. May I come an hour later? Thank you.';

function compare(rounds: readonly Round[]) {
  const raw = summarise(rounds.filter(({ sender }) => sender === 'raw'));
  const bridge = summarise(rounds.filter(({ sender }) => sender === 'bridge'));
  return { ratio: round(bridge.perSecond / raw.perSecond), raw, bridge };
}

function summarise(rounds: readonly Round[]) {
  const passages = rounds.flatMap((one) => one.passages);
  return {
    perSecond: round(median(rounds.map(({ perSecond }) => perSecond))),
    perSecondOfRounds: rounds.map(({ perSecond }) => round(perSecond)),
    ...timesOf(passages),
    bridgeCpuMs: round(median(rounds.map(({ bridgeCpuMs }) => bridgeCpuMs))),
    homeserverCpuMs: round(median(rounds.map(({ homeserverCpuMs }) => homeserverCpuMs))),
  };
}

function timesOf(passages: readonly Passage[]) {
  return {
    ms: p50p95(passages.map(({ startedAt, acceptedAt }) => acceptedAt - startedAt)),
    /** Until the event is on its way to the homeserver. */
    ownMs: p50p95(passages.map(({ startedAt, sentAt }) => sentAt - startedAt)),
    homeserverMs: p50p95(passages.map(({ sentAt, acceptedAt }) => acceptedAt - sentAt)),
  };
}

type Times = ReturnType<typeof timesOf>;

function describeApart({ raw, bridge }: { readonly raw: Times; readonly bridge: Times }): Finding[] {
  return (['p50', 'p95'] as const).map((key) => ({
    what: `Added latency ${key}, single texts`,
    value: round(bridge.ms[key] - raw.ms[key]),
    unit: 'ms',
    note: `bridge ${bridge.ms[key]}, raw ${raw.ms[key]}; webhook until the event leaves the bridge ${bridge.ownMs[key]}`,
  }));
}

function describe({ ratio, raw, bridge }: ReturnType<typeof compare>, how: string): Finding[] {
  const both = (key: 'p50' | 'p95'): string =>
    `bridge ${bridge.ms[key]}, raw ${raw.ms[key]}; webhook until the event leaves the bridge ${bridge.ownMs[key]}`;
  return [
    {
      what: `Throughput against raw Synapse, ${how}`,
      value: ratio,
      unit: '',
      goal: { atLeast: 0.8 },
      note: `bridge ${bridge.perSecond}/s, raw ${raw.perSecond}/s; medians of ${raw.perSecondOfRounds.length} rounds each`,
    },
    { what: `Added latency p50, ${how}`, value: round(bridge.ms.p50 - raw.ms.p50), unit: 'ms', note: both('p50') },
    { what: `Added latency p95, ${how}`, value: round(bridge.ms.p95 - raw.ms.p95), unit: 'ms', note: both('p95') },
    {
      what: `CPU of the bridge per text, ${how}`,
      value: bridge.bridgeCpuMs,
      unit: 'ms',
      note: `homeserver ${bridge.homeserverCpuMs} ms, and ${raw.homeserverCpuMs} ms where the bare script sends`,
    },
  ];
}

function countRequests(rounds: readonly Round[]) {
  const kinds: Record<string, number> = {};
  const texts = rounds.reduce((sum, { passages }) => sum + passages.length, 0);
  for (const { requests } of rounds) {
    for (const [kind, count] of requests) kinds[kind] = (kinds[kind] ?? 0) + count;
  }
  const total = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return { texts, total, perText: total / texts, kinds };
}

function eventBytesOf(conversations: readonly Conversation[]): number {
  return conversations[0]?.template?.requestBody.length ?? 0;
}
