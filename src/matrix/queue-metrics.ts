/** The gauges that tell whether messages get through. Labels are names of queues: nothing of a message. */
import type { PrometheusMetrics } from 'matrix-appservice-bridge';
import type { QueueDepth } from '../ports/queue-store.ts';

/** Adds the queues' gauges to the library's registry; they are read when `/metrics` is asked for. */
export function addQueueMetrics(
  metrics: PrometheusMetrics,
  queues: ReadonlyMap<string, { depth(now: number): Promise<QueueDepth> }>,
): void {
  const gauge = (name: string, help: string) =>
    metrics.addGauge({ namespace: 'carebridge', name, help, labels: ['queue'] });
  const waiting = gauge('queue_waiting', 'Rows that wait or are at work');
  const parked = gauge('queue_parked', 'Rows that were given up and wait for a person');
  const oldest = gauge('queue_oldest_seconds', 'Age of the oldest waiting row');
  metrics.addCollector(async () => {
    for (const [queue, store] of queues) {
      const depth = await store.depth(Date.now());
      waiting.set({ queue }, depth.waiting);
      parked.set({ queue }, depth.parked);
      oldest.set({ queue }, depth.oldestAgeMs / 1_000);
    }
  });
}
