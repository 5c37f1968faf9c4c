import { Writable } from 'node:stream';
import { Logger as LibraryLogger } from 'matrix-appservice-bridge';
import type { Logger } from '../log.ts';

/**
 * Leads what the Matrix libraries log into our log. They write addresses, bodies and whatever the homeserver said, so only the component and an
 * error code get through, at `debug`: whatever matters reaches us as an exception and is logged where it is handled.
 */
export function redirectLibraryLog(log: Logger): void {
  const sink = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      log.debug('matrix-library.said', summarise(chunk.toString()));
      done();
    },
  });
  LibraryLogger.root.configureLogging({ json: true }, sink);
}

/** The library's line is JSON with `level`, `module` and the text. */
function summarise(line: string): { name?: string; state?: string; code?: string } {
  const level = /"level":"([A-Z]{1,10})"/.exec(line)?.[1];
  const module = /"module":"([A-Za-z-]{1,40})"/.exec(line)?.[1];
  const code = /\b(M_[A-Z_]{1,40}|E[A-Z]{5,20})\b/.exec(line)?.[1];
  return { ...(module && { name: module }), ...(level && { state: level.toLowerCase() }), ...(code && { code }) };
}
