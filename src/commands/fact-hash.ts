import { createHash } from 'node:crypto';
import type { JsonValue } from '../model/json.ts';
import type { ReadArguments } from './command.ts';

/** SHA-256, hex, of what a preview showed: the same facts in another order have the same hash. */
export function hashOf(name: string, args: ReadArguments, facts: JsonValue): string {
  const all = canonical([name, args as { readonly [key: string]: JsonValue }, facts]);
  return createHash('sha256').update(all).digest('hex');
}

function canonical(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => canonical(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
