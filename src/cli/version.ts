import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this program, from package.json. */
export function version(): string {
  const path = join(import.meta.dirname, '../../package.json');
  const { version: found } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return found;
}
