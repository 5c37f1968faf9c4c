/** What is wrong with a request whatever it asks for, so that every endpoint is tried with all of it. */
import { head, type Sendable } from './raw-request.ts';

/** A request, and the status or statuses that are right. */
export type BadRequest = readonly [what: string, status: number | readonly number[], request: Sendable];

/** A request that would be right. */
export interface RightRequest {
  readonly method: string;
  readonly path: string;
  /** Beside the host. */
  readonly headers?: Readonly<Record<string, string | number>>;
  /** What may be answered before a fault further on is seen. */
  readonly answers: readonly number[];
}

/** Some twenty kinds. */
export function badEverywhere({ method, path, headers = {}, answers }: RightRequest): BadRequest[] {
  const withHeaders = (more: Readonly<Record<string, string | number>>) => head(method, path, { ...headers, ...more });
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`x-${index}`, index]));
  const upper = path.replace(/^\/[a-z_]+/, (part) => part.toUpperCase());
  return [
    ['a method nobody knows', 400, { head: head('BREW', path, headers) }],
    ['a version of HTTP that does not exist', 400, { head: `${method} ${path} HTTP/7.3\r\nhost: x\r\n\r\n` }],
    ['nothing of HTTP', 400, { head: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n' }],
    ['a header without a colon', 400, { head: `${method} ${path} HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n` }],
    ['a header with a line break', 400, { head: withHeaders({ 'x-a': 'b\rc' }) }],
    ['no host', 400, { head: `${method} ${path} HTTP/1.1\r\n\r\n` }],
    ['one header of 100 kB', 431, { head: withHeaders({ 'x-bomb': 'x'.repeat(100_000) }) }],
    ['ten thousand headers', 431, { head: withHeaders(many) }],
    ['an address of 100 kB', 431, { head: head(method, `${path}?${'x'.repeat(100_000)}`, headers) }],
    [
      'two lengths',
      400,
      { head: withHeaders({ 'content-length': '5\r\ncontent-length: 6' }), body: Buffer.from('12345') },
    ],
    [
      'a length and chunks',
      400,
      { head: withHeaders({ 'content-length': 5, 'transfer-encoding': 'chunked' }), body: Buffer.from('0\r\n\r\n') },
    ],
    ['a length that is no number', 400, { head: withHeaders({ 'content-length': 'many' }) }],
    ['a length below nothing', 400, { head: withHeaders({ 'content-length': -1 }) }],
    [
      // Where no body is expected, the answer may be there before it breaks.
      'a broken chunk',
      [400, ...answers],
      { head: withHeaders({ 'transfer-encoding': 'chunked' }), body: Buffer.from('zz\r\n') },
    ],
    ['a way out of the path', [401, 404], { head: head(method, `${path}/../../../etc/passwd`, headers) }],
    ['an escaped way out', [401, 404], { head: head(method, '/carriers/%2e%2e/%2e%2e/etc/passwd', headers) }],
    ['another case', [404, 405], { head: head(method, upper === path ? '/X' : upper, headers) }],
    ['NUL in the path', [404, 405], { head: head(method, '/%00', headers) }],
    ['half an escape in the path', [400, 404], { head: head(method, '/%E0%A4%A', headers) }],
    ['a language’s own names in the path', [401, 404], { head: head(method, '/__proto__/constructor', headers) }],
  ];
}
