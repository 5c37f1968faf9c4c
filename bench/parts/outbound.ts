/** From a nurse's event that the homeserver accepted to the call of the carrier. */
import { randomUUID } from 'node:crypto';
import type { Hospital } from '../hospital.ts';
import { inFlight, lanes } from '../in-flight.ts';
import type { Finding, PartResult, Plan } from '../plan.ts';
import { p50p95, round } from '../statistics.ts';
import type { Exchange } from '../timing-proxy.ts';

interface Trip {
  /** The nurse's client got its answer. */
  readonly acceptedAt: number;
  /** The transaction with the event came to the bridge. */
  readonly pushedAt: number;
  readonly calledAt: number;
}

/** Texts before the first measured one in each room: keys are shared with them. */
const WARM_UP = 2;

/** Measures with one in flight and with one in each room. The bridge and the nurse's client run; she has joined the rooms. */
export async function measureOutbound(hospital: Hospital, rooms: readonly string[], plan: Plan): Promise<PartResult> {
  const times = watch(hospital);
  const send = (roomId: string): Promise<Trip> => sendOne(hospital, times, roomId);
  await lanes(rooms, WARM_UP, async (roomId) => void (await send(roomId)));

  const alone: Trip[] = [];
  const order = Array.from({ length: plan.outboundAlone }, (_none, index) => rooms[index % rooms.length] as string);
  hospital.bridge.homeserverProxy.takeCounts();
  await inFlight(1, order, async (roomId) => void alone.push(await send(roomId)));
  const kinds = Object.fromEntries(hospital.bridge.homeserverProxy.takeCounts());

  const together: Trip[] = [];
  await lanes(rooms, plan.outbound, async (roomId) => void together.push(await send(roomId)));
  times.stop();

  const [narrow, wide] = [summarise(alone), summarise(together)];
  return {
    name: 'outbound',
    title: "Nurse to patient: event accepted by the homeserver to the carrier's API called",
    findings: [...describe(narrow, '1 in flight'), ...describe(wide, `${rooms.length} in flight`)],
    details: { alone: narrow, together: wide, requestsAlone: { texts: alone.length, kinds } },
  };
}

/** Notes when events are accepted and when they are pushed. */
function watch({ nurseProxy, bridge }: Hospital) {
  const accepted = new Map<string, number>();
  const pushed = new Map<string, number>();
  const takeSend = ({ kind, status, responseBody, answeredAt }: Exchange): void => {
    if (!kind.startsWith('PUT /rooms/{id}/send/') || status !== 200) return;
    accepted.set((JSON.parse(responseBody.toString()) as { event_id: string }).event_id, answeredAt);
  };
  const takePush = ({ kind, requestBody, arrivedAt }: Exchange): void => {
    if (!kind.startsWith('PUT /transactions/')) return;
    const { events } = JSON.parse(requestBody.toString()) as { events: { event_id: string }[] };
    for (const { event_id: id } of events) if (!pushed.has(id)) pushed.set(id, arrivedAt);
  };
  nurseProxy.on('exchange', takeSend);
  bridge.appserviceProxy.on('exchange', takePush);
  const stop = (): void => {
    nurseProxy.off('exchange', takeSend);
    bridge.appserviceProxy.off('exchange', takePush);
  };
  return { accepted, pushed, stop };
}

async function sendOne(
  { nurse, bridge }: Hospital,
  { accepted, pushed }: Pick<ReturnType<typeof watch>, 'accepted' | 'pushed'>,
  roomId: string,
): Promise<Trip> {
  const text = `Yes, 3 pm is fine. ${randomUUID()}`;
  const called = bridge.carrier.callOf(text);
  called.catch(() => undefined);
  const eventId = await nurse.send(roomId, text);
  const calledAt = await called;
  const [acceptedAt, pushedAt] = [accepted.get(eventId), pushed.get(eventId)];
  if (acceptedAt === undefined || pushedAt === undefined) throw new Error('An event went another way.');
  return { acceptedAt, pushedAt, calledAt };
}

function summarise(trips: readonly Trip[]) {
  return {
    texts: trips.length,
    ms: p50p95(trips.map(({ acceptedAt, calledAt }) => calledAt - acceptedAt)),
    homeserverMs: p50p95(trips.map(({ acceptedAt, pushedAt }) => pushedAt - acceptedAt)),
    bridgeMs: p50p95(trips.map(({ pushedAt, calledAt }) => calledAt - pushedAt)),
  };
}

function describe({ ms, homeserverMs, bridgeMs, texts }: ReturnType<typeof summarise>, how: string): Finding[] {
  return (['p50', 'p95'] as const).map((key) => ({
    what: `Event accepted to carrier called ${key}, ${how}`,
    value: round(ms[key]),
    unit: 'ms',
    note: `until the homeserver has pushed it ${homeserverMs[key]}, from there in the bridge ${bridgeMs[key]}; ${texts} texts`,
  }));
}
