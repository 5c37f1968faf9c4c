import { connect } from 'node:net';

/** What is sent, byte for byte: at once, or in pieces with a pause between them. */
export interface RawRequest {
  readonly head: string;
  readonly body?: Uint8Array;
  /** Sends the body in pieces of so many bytes, `pauseMs` apart. */
  readonly slowly?: { readonly bytes: number; readonly pauseMs: number };
}

/** A request that is ready, or is made at the moment it is sent: signatures grow old. */
export type Sendable = RawRequest | (() => RawRequest);

/** Sends to 127.0.0.1 and returns the status of the first response, and its text; 0 where the peer closed without one. */
export function rawRequest(port: number, request: Sendable): Promise<{ status: number; text: string }> {
  const { head, body, slowly } = typeof request === 'function' ? request() : request;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const end = () => {
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += String(chunk);
      // Nobody reads further once the answer is whole.
      const [, length] = /content-length: (\d+)/i.exec(text) ?? [];
      const start = text.indexOf('\r\n\r\n');
      if (start >= 0 && text.length - start - 4 >= Number(length ?? Number.POSITIVE_INFINITY)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', end);
    socket.write(head);
    if (body === undefined) return;
    if (slowly === undefined) {
      socket.write(body);
      return;
    }
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(body.subarray(sent, (sent += slowly.bytes)));
      if (sent >= body.length) clearInterval(timer);
    }, slowly.pauseMs);
    socket.on('close', () => clearInterval(timer));
  });
}

/** The head of a request; `headers` go after the usual ones. */
export function head(method: string, target: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\nhost: carebridge.test\r\n${lines.join('')}\r\n`;
}
