/** The least of an SMPP 3.4 message centre that a gateway binds to: shows what really goes over the wire, and can refuse and report. */
import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

const BIND_TRANSCEIVER = 0x9;
const SUBMIT_SM = 0x4;
const DELIVER_SM = 0x5;
const UNBIND = 0x6;
const ENQUIRE_LINK = 0x15;
const RESPONSE = 0x8000_0000;
const HAS_UDH = 0x40;
const IS_RECEIPT = 0x04;

/** One part of a text as it was submitted. */
export interface Submitted {
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  /** 0 is GSM 03.38, 8 is UCS-2. */
  readonly dataCoding: number;
  readonly udh: Buffer;
  readonly body: Buffer;
  readonly wantsReport: boolean;
}

/** Emits `submit` for each part, `bind` when a gateway has bound. */
export class SmppSmsc extends EventEmitter<{ submit: [Submitted]; bind: [] }> {
  readonly submitted: Submitted[] = [];
  /** The command status that answers the next submissions; 0 takes them (SMPP 3.4, 5.1.3). */
  status = 0;
  readonly #server = createServer((socket) => this.#serve(socket));
  #socket: Socket | undefined;
  #sequence = 0;
  #lastId = 1_000;
  #buffer = Buffer.alloc(0);

  /** Listens on 127.0.0.1 and returns the port. */
  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#socket?.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Resolves when `count` parts have been submitted in all. */
  async waitForParts(count: number): Promise<readonly Submitted[]> {
    while (this.submitted.length < count) await once(this, 'submit');
    return this.submitted;
  }

  /** A text from a phone. */
  deliver(from: string, to: string, dataCoding: number, body: Buffer, udh = Buffer.alloc(0)): void {
    this.#send(DELIVER_SM, deliverBody(from, to, udh.length > 0 ? HAS_UDH : 0, dataCoding, Buffer.concat([udh, body])));
  }

  /** What became of a part: `DELIVRD`, `UNDELIV`, `EXPIRED` ... (SMPP 3.4, appendix B). */
  report({ messageId, from, to }: Submitted, stat: string): void {
    const text = `id:${messageId} sub:001 dlvrd:001 submit date:2611240340 done date:2611240341 stat:${stat} err:000 text:`;
    this.#send(DELIVER_SM, deliverBody(to, from, IS_RECEIPT, 0, Buffer.from(text)));
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    this.#buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      while (this.#buffer.length >= 4 && this.#buffer.length >= this.#buffer.readUInt32BE(0)) {
        const length = this.#buffer.readUInt32BE(0);
        this.#answer(this.#buffer.subarray(0, length));
        this.#buffer = this.#buffer.subarray(length);
      }
    });
  }

  #answer(pdu: Buffer): void {
    const command = pdu.readUInt32BE(4);
    const sequence = pdu.readUInt32BE(12);
    if (command >= RESPONSE) return;
    if (command === SUBMIT_SM) return this.#submit(pdu.subarray(16), sequence);
    const body = command === BIND_TRANSCEIVER ? Buffer.from('smsc\0') : Buffer.alloc(0);
    if (command === BIND_TRANSCEIVER || command === ENQUIRE_LINK || command === UNBIND) {
      this.#write(command + RESPONSE, 0, sequence, body);
    }
    if (command === BIND_TRANSCEIVER) this.emit('bind');
  }

  #submit(body: Buffer, sequence: number): void {
    if (this.status !== 0) return this.#write(SUBMIT_SM + RESPONSE, this.status, sequence, Buffer.alloc(0));
    const part = { ...parseSubmit(body), messageId: String((this.#lastId += 1)) };
    this.#write(SUBMIT_SM + RESPONSE, 0, sequence, Buffer.from(`${part.messageId}\0`));
    this.submitted.push(part);
    this.emit('submit', part);
  }

  #send(command: number, body: Buffer): void {
    this.#sequence += 1;
    this.#write(command, 0, this.#sequence, body);
  }

  #write(command: number, status: number, sequence: number, body: Buffer): void {
    const header = Buffer.alloc(16);
    header.writeUInt32BE(16 + body.length, 0);
    header.writeUInt32BE(command >>> 0, 4);
    header.writeUInt32BE(status, 8);
    header.writeUInt32BE(sequence, 12);
    this.#socket?.write(Buffer.concat([header, body]));
  }
}

/** SMPP 3.4, 4.4.1: strings end with NUL, single bytes stand alone. */
function parseSubmit(body: Buffer): Omit<Submitted, 'messageId'> {
  let at = 0;
  const byte = () => body.readUInt8(at++);
  const string = () => {
    const end = body.indexOf(0, at);
    const text = body.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  string();
  at += 2;
  const from = string();
  at += 2;
  const to = string();
  const esmClass = byte();
  at += 2;
  string();
  string();
  const wantsReport = byte() !== 0;
  at += 1;
  const dataCoding = byte();
  at += 1;
  const length = byte();
  const message = body.subarray(at, at + length);
  const udhLength = esmClass & HAS_UDH ? (message[0] ?? 0) + 1 : 0;
  return { from, to, dataCoding, wantsReport, udh: message.subarray(0, udhLength), body: message.subarray(udhLength) };
}

function deliverBody(from: string, to: string, esmClass: number, dataCoding: number, message: Buffer): Buffer {
  const address = (number: string) => Buffer.from(`\x01\x01${number.replace('+', '')}\0`, 'latin1');
  return Buffer.concat([
    ...[Buffer.from('\0'), address(from), address(to), Buffer.from([esmClass, 0, 0, 0, 0, 0, 0, dataCoding, 0])],
    ...[Buffer.from([message.length]), message],
  ]);
}

/** GSM 03.38 as the standard prints it, by code (3GPP TS 23.038, 6.2.1); the second table follows an escape. */
const GSM =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const ESCAPED: Readonly<Record<number, string>> = {
  0x14: '^',
  0x28: '{',
  0x29: '}',
  0x2f: '\\',
  0x3c: '[',
  0x3d: '~',
  0x3e: ']',
  0x40: '|',
  0x65: '€',
};

/** What a phone shows of submitted parts, put together in the order of their headers. */
export function phoneShows(parts: readonly Submitted[]): string {
  const ordered = parts.toSorted((a, b) => (a.udh.at(5) ?? 0) - (b.udh.at(5) ?? 0));
  const bytes = Buffer.concat(ordered.map(({ body }) => body));
  if (ordered[0]?.dataCoding === 8) return Buffer.from(bytes).swap16().toString('utf16le');
  let text = '';
  for (let i = 0; i < bytes.length; i += 1) {
    const code = bytes[i] ?? 0;
    text += code === 0x1b ? (ESCAPED[bytes[(i += 1)] ?? 0] ?? '?') : (GSM[code] ?? '?');
  }
  return text;
}
