/** The simulated carrier's HTTP side: the signed API for the adapter, and the page with its own unsigned requests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { loadPage, servePage, type Page } from './page.ts';
import { MAX_MEDIA_BYTES, PATHS, parseSendRequest } from './protocol.ts';
import { sendJson } from './send-json.ts';
import { signatureProblem } from './signature.ts';
import type { SimulatedCarrier } from './simulated-carrier.ts';

/** A picture in base64, and a little. */
const MAX_BODY_BYTES = Math.ceil(MAX_MEDIA_BYTES * 1.4);

/** A server for the simulator that does not listen yet. */
export async function createSimulatorServer(simulator: SimulatedCarrier): Promise<Server> {
  const page = await loadPage();
  return createServer((request, response) => {
    handle(simulator, page, request, response).catch(() => {
      if (!response.headersSent) sendJson(response, 500, { error: 'failed' });
      else response.destroy();
    });
  });
}

async function handle(
  simulator: SimulatedCarrier,
  page: Page,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) return sendJson(response, 413, { error: 'too large' });
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (path.startsWith('/v1/'))
    return serveApi(simulator, { method: request.method ?? '', path, body }, request, response);
  return servePage(simulator, page, { method: request.method ?? '', path, body }, request, response);
}

async function serveApi(
  simulator: SimulatedCarrier,
  { method, path, body }: { method: string; path: string; body: Buffer },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const problem = signatureProblem(simulator.secret, { target: `${method} ${path}`, body }, request.headers);
  if (problem !== undefined) return sendJson(response, 401, { error: problem });
  if (path === PATHS.status && method === 'GET') return sendJson(response, 200, { mode: simulator.mode });
  if (path.startsWith(`${PATHS.media}/`) && method === 'GET') {
    const picture = simulator.phones.picture(path.slice(PATHS.media.length + 1));
    if (picture === undefined) return sendJson(response, 404, { error: 'no such picture' });
    response.writeHead(200, { 'content-type': picture.contentType, 'content-length': picture.bytes.length });
    response.end(picture.bytes);
    return;
  }
  if (path !== PATHS.messages || method !== 'POST') return sendJson(response, 404, { error: 'no such path' });
  const send = parseSendRequest(body);
  if (send === undefined) return sendJson(response, 400, { error: 'not a text' });
  const outcome = await simulator.take(send);
  if (outcome === 'drop') request.socket.destroy();
  else sendJson(response, outcome.status, outcome.json);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // What is too large is still read to its end, so that the answer arrives.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}
