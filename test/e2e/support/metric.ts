/** Reads the bridge's own gauges: for what only it knows, such as whether it has noticed something. */
import type { Clinic } from '../../../src/cli/demo/clinic.ts';

/** The value of a gauge for a queue; NaN where there is none. */
export async function metric(clinic: Clinic, name: string, queue: string): Promise<number> {
  const text = await (await fetch(`${clinic.httpUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(`queue="${queue}"`));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}
