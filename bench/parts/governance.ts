/**
 * Governing many rooms: what the first look costs, that nothing is asked of the homeserver at rest, and how long a change by hand lasts. The rooms
 * are real ones on the homeserver; one in a hundred is changed, by the bot's token as an operator could, while the bridge is down, and again while
 * it runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RoomId } from '../../src/model/ids.ts';
import { Client } from '../client.ts';
import { makeGovernedRooms, type GovernedRooms } from '../governed-rooms.ts';
import { Hospital } from '../hospital.ts';
import { within } from '../in-flight.ts';
import type { Finding, PartResult, Plan } from '../plan.ts';
import { residentMbOf } from '../process-usage.ts';
import { p50p95, round } from '../statistics.ts';
import type { Exchange } from '../timing-proxy.ts';

const DRIFT_SHARE = 0.01;
const SWEEP_EVERY_MS = 5_000;
/** How many sweeps are watched at rest. */
const SWEEPS_AT_REST = 3;
/** Between two changes by hand while the bridge runs. ms. */
const APART_MS = 150;
const PATIENCE_MS = 300_000;
const REPAIR = 'PUT /rooms/{id}/state/m.room.join_rules/';
const LOOK = 'GET /rooms/{id}/state';

/** Starts its own hospital. `say` is told how far it is. */
export async function measureGovernance(plan: Plan, say: (line: string) => void): Promise<PartResult> {
  const config = { governance: { sweep_interval: `${SWEEP_EVERY_MS}ms` } };
  await using hospital = await Hospital.start({ bridges: [{ name: 'governance', config }], profile: plan.profile });
  hospital.nurse.stop();
  const { bridge, synapse } = hospital;
  // Once, so that the bot and its own rooms are there.
  await bridge.process.start();
  await bridge.process.stop();
  const made = await makeGovernedRooms(bridge.configPath, synapse.url, plan.governed, (count) => {
    if (count % 200 === 0) say(`${count} of ${plan.governed} rooms made`);
  });
  // At least a few, also of few rooms.
  const every = Math.max(1, Math.min(Math.round(1 / DRIFT_SHARE), Math.floor(made.rooms.length / 5)));
  const drifting = made.rooms.filter((_, index) => index % every === 0);
  const client = new Client();
  const drift = (roomId: RoomId): Promise<void> => changeByHand(client, synapse.url, made, roomId);
  const repairs = new Repairs(bridge.homeserverProxy);
  try {
    for (const roomId of drifting) await drift(roomId);
    say(`the bridge starts; ${drifting.length} of ${made.rooms.length} rooms were changed by hand meanwhile`);
    const startedAt = performance.now();
    bridge.homeserverProxy.takeCounts();
    const found = drifting.map((roomId) => repairs.next(roomId));
    await bridge.process.start();
    const foundAt = await within(PATIENCE_MS, () => `the repairs.\n${bridge.process.lastLines()}`, Promise.all(found));
    await repairs.quiet(LOOK);
    const sweepMs = repairs.lastAt(LOOK) - startedAt;
    const looks = bridge.homeserverProxy.takeCounts().get(LOOK) ?? 0;

    say('at rest');
    await sleep(SWEEP_EVERY_MS * 1.2);
    bridge.homeserverProxy.takeCounts();
    await sleep(SWEEP_EVERY_MS * 1.1 * SWEEPS_AT_REST);
    const atRest = [...bridge.homeserverProxy.takeCounts()].filter(([kind]) => kind.includes('/rooms/'));
    const restRequests = atRest.reduce((sum, [, count]) => sum + count, 0);
    const memory = residentMbOf(bridge.pid);

    say('changes by hand while it runs');
    const delays: number[] = [];
    for (const roomId of drifting) {
      const repaired = repairs.next(roomId);
      const changedAt = performance.now();
      await drift(roomId);
      delays.push((await within(PATIENCE_MS, () => `a repair.\n${bridge.process.lastLines()}`, repaired)) - changedAt);
      await sleep(APART_MS);
    }
    const { p50, p95 } = p50p95(delays);
    const rooms = made.rooms.length;
    const findings: Finding[] = [
      {
        what: `First sweep of ${rooms} rooms, from the start of the process`,
        value: round(sweepMs / 1_000, 1),
        unit: 's',
      },
      {
        what: 'State asked of the homeserver for each room in it',
        value: round((looks - drifting.length) / rooms),
        unit: 'requests',
        goal: { atMost: 1.1 },
        note: 'and once more for those that were changed',
      },
      {
        what: `Last of ${drifting.length} changed rooms put right after the start`,
        value: round((Math.max(...foundAt) - startedAt) / 1_000, 1),
        unit: 's',
      },
      {
        what: `Requests for each room at rest, in ${SWEEPS_AT_REST} more sweeps of all rooms`,
        value: round(restRequests / rooms, 4),
        unit: 'requests',
        goal: { atMost: 0.01 },
        note: `${restRequests} in all`,
      },
      { what: 'A change by hand until it is put right, p50', value: p50, unit: 'ms', goal: { atMost: 1_000 } },
      { what: 'A change by hand until it is put right, p95', value: p95, unit: 'ms', goal: { atMost: 5_000 } },
      { what: 'Resident memory with all rooms known', value: round(memory, 1), unit: 'MB' },
      { what: 'To make a governed room', value: round(made.tookMs / rooms), unit: 'ms', note: 'four at a time' },
    ];
    return {
      name: 'governance',
      title: `Governing ${rooms} rooms, ${drifting.length} of them changed by hand`,
      findings,
      details: { delays: delays.map((ms) => round(ms)), atRest: Object.fromEntries(atRest), sweepMs: round(sweepMs) },
    };
  } finally {
    repairs.stop();
    client.close();
  }
}

async function changeByHand(
  client: Client,
  url: string,
  { bot, asToken }: GovernedRooms,
  roomId: RoomId,
): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/state/m.room.join_rules/`;
  await client.json('PUT', `${url}${path}?user_id=${encodeURIComponent(bot)}`, asToken, { join_rule: 'public' });
}

/** Sees what the bridge writes. */
class Repairs {
  readonly #proxy: Hospital['bridge']['homeserverProxy'];
  readonly #waiting = new Map<string, (at: number) => void>();
  readonly #lastAt = new Map<string, number>();

  constructor(proxy: Hospital['bridge']['homeserverProxy']) {
    this.#proxy = proxy;
    proxy.on('exchange', this.#see);
  }

  /** When the room is put right the next time. */
  next(roomId: RoomId): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(roomId, resolve);
    return promise;
  }

  lastAt(kind: string): number {
    return this.#lastAt.get(kind) ?? 0;
  }

  /** Until there was no request of this kind for a while. */
  async quiet(kind: string): Promise<void> {
    while (performance.now() - this.lastAt(kind) < 1_500) await sleep(250);
  }

  stop(): void {
    this.#proxy.off('exchange', this.#see);
  }

  readonly #see = ({ kind, url, status, answeredAt }: Exchange): void => {
    this.#lastAt.set(kind, answeredAt);
    if (kind !== REPAIR || status !== 200) return;
    const roomId = decodeURIComponent(/\/rooms\/([^/]+)\//.exec(url)?.[1] ?? '');
    this.#waiting.get(roomId)?.(answeredAt);
    this.#waiting.delete(roomId);
  };
}
