/** The page that shows the patients' phones, and the requests it makes. Nobody logs in: the simulator is for one's own machine. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parsePhoneNumber } from '../../model/phone-number.ts';
import { SIMULATOR_MODES } from './mode.ts';
import { isObject, parseJson } from './protocol.ts';
import { sendJson } from './send-json.ts';
import type { SimulatedCarrier } from './simulated-carrier.ts';

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
} as const;

/** The files of the page, by path. */
export type Page = ReadonlyMap<string, { readonly contentType: string; readonly body: Buffer }>;

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Pictures that a browser may show; anything else could be a page of its own. */
const SHOWN_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** So many texts of each phone are on the page. */
const SHOWN_TEXTS = 200;
/** Changes within this time are shown together, ms. */
const REFRESH_MS = 40;

/** Reads the page's files. */
export async function loadPage(): Promise<Page> {
  const entries = Object.entries(FILES).map(async ([path, [file, contentType]]) => {
    const body = await readFile(join(import.meta.dirname, 'page', file));
    return [path, { contentType, body }] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Answers a request of the page. */
export function servePage(
  simulator: SimulatedCarrier,
  page: Page,
  { method, path, body }: { method: string; path: string; body: Buffer },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  if (!isOwnPage(request)) return sendJson(response, 403, { error: 'open the page by its address' });
  if (method === 'POST') return post(simulator, path, body, response);
  if (method !== 'GET') return sendJson(response, 405, { error: 'not possible' });
  if (path === '/ui/events') return streamState(simulator, request, response);
  const file = page.get(path) ?? pictureOf(simulator, path);
  if (file === undefined) return sendJson(response, 404, { error: 'no such path' });
  response.writeHead(200, { 'content-type': file.contentType, 'content-length': file.body.length });
  response.end(file.body);
}

/** Other sites must not text as a patient: no foreign origin, and no foreign name that resolves to this machine. */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const { host = '', origin } = headers;
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (name !== 'localhost' && isIP(name) === 0) return false;
  return origin === undefined || origin === `http://${host}`;
}

function pictureOf(simulator: SimulatedCarrier, path: string): { contentType: string; body: Uint8Array } | undefined {
  const id = /^\/ui\/pictures\/([a-z2-7]+)$/.exec(path)?.[1];
  const picture = id === undefined ? undefined : simulator.phones.picture(id);
  if (picture === undefined || !SHOWN_TYPES.has(picture.contentType)) return undefined;
  return { contentType: picture.contentType, body: picture.bytes };
}

/** Sends the whole state now and after each change (server-sent events). */
function streamState(simulator: SimulatedCarrier, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let timer: NodeJS.Timeout | undefined;
  const show = () => {
    timer = undefined;
    response.write(`data: ${JSON.stringify(stateOf(simulator))}\n\n`);
  };
  const onChange = () => (timer ??= setTimeout(show, REFRESH_MS));
  simulator.phones.on('change', onChange);
  request.once('close', () => {
    clearTimeout(timer);
    simulator.phones.off('change', onChange);
  });
  show();
}

function stateOf(simulator: SimulatedCarrier): object {
  return {
    mode: simulator.mode,
    lines: simulator.lines,
    taken: [...simulator.sendCalls.values()].reduce((sum, { taken }) => sum + taken, 0),
    doubled: simulator.doubled().length,
    phones: simulator.phones
      .numbers()
      .map((number) => ({ number, texts: simulator.texts(number).slice(-SHOWN_TEXTS) })),
  };
}

type Action = (simulator: SimulatedCarrier, json: Record<string, unknown>, response: ServerResponse) => void;

/** What the page can ask for, by path. */
const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['/ui/mode', setMode],
  ['/ui/phones', addPhone],
  ['/ui/texts', sendText],
]);

function post(simulator: SimulatedCarrier, path: string, body: Buffer, response: ServerResponse): void {
  const action = ACTIONS.get(path);
  if (action === undefined) return sendJson(response, 404, { error: 'no such path' });
  const json = parseJson(body);
  if (!isObject(json)) return sendJson(response, 400, { error: 'not JSON' });
  action(simulator, json, response);
}

function setMode(simulator: SimulatedCarrier, json: Record<string, unknown>, response: ServerResponse): void {
  const mode = SIMULATOR_MODES.find((known) => known === json.mode);
  if (mode === undefined) return sendJson(response, 400, { error: 'no such switch' });
  simulator.setMode(mode);
  sendJson(response, 200, {});
}

function addPhone(simulator: SimulatedCarrier, json: Record<string, unknown>, response: ServerResponse): void {
  const number = typeof json.number === 'string' ? parsePhoneNumber(json.number) : undefined;
  if (number === undefined) {
    return sendJson(response, 400, {
      error: 'Not a valid number. Numbers made for trying things out: +1 212 555 0100 to 0199.',
    });
  }
  simulator.phones.add(number);
  sendJson(response, 200, { number });
}

function sendText(simulator: SimulatedCarrier, json: Record<string, unknown>, response: ServerResponse): void {
  const { from, to, text, picture } = json;
  if (typeof from !== 'string' || typeof to !== 'string' || typeof text !== 'string') {
    return sendJson(response, 400, { error: 'not a text' });
  }
  if (!simulator.phones.numbers().includes(from)) return sendJson(response, 400, { error: 'no such phone' });
  const media = mediaOf(picture);
  if (text === '' && media.length === 0) return sendJson(response, 400, { error: 'Type something first.' });
  // The page sees by the text's state when it was taken; a stopped simulator has no page.
  simulator.sendFromPatient({ from, to, text, media }).catch(() => undefined);
  sendJson(response, 202, {});
}

function mediaOf(picture: unknown): { contentType: string; bytes: Buffer }[] {
  if (!isObject(picture) || typeof picture.base64 !== 'string' || typeof picture.contentType !== 'string') return [];
  if (!SHOWN_TYPES.has(picture.contentType)) return [];
  return [{ contentType: picture.contentType, bytes: Buffer.from(picture.base64, 'base64') }];
}
