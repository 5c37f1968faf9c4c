/** Servers that answer in halves: pages without entries, and connections that end in the middle. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { BerReader, BerWriter } from 'ldapts';
import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import { LdapConnection } from '../../../src/identity/ldap-connection.ts';

const BIND_RESPONSE = 0x61;
const SEARCH_ENTRY = 0x64;
const SEARCH_DONE = 0x65;
const CONTROLS = 0xa0;
const PAGED_RESULTS = '1.2.840.113556.1.4.319';

/** One page: the names of its entries, and what goes on after it; `cut` ends the connection instead. */
interface Page {
  readonly entries: readonly string[];
  readonly cookie?: string;
  readonly end?: 'cut';
}

describe('a directory that answers in halves', () => {
  let server: Server | undefined;

  afterEach(() => server?.close());

  /** Answers every bind with success, and searches with one page after another; the last again and again. */
  async function searchAll(pages: readonly Page[]): Promise<string[] | undefined> {
    let next = 0;
    const fake = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const { id, operation } = requestIn(data);
        if (operation === 0x60) socket.write(message(id, BIND_RESPONSE, result));
        else if (operation === 0x63) answer(socket, id, pages[Math.min(next++, pages.length - 1)]!);
      });
    });
    server = fake;
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    const { port } = fake.address() as AddressInfo;
    await using connection = await LdapConnection.open({
      url: `ldap://127.0.0.1:${port}`,
      startTls: false,
      caFile: undefined,
      bindDn: 'cn=reader',
      password: 'secret',
      timeoutMs: 2_000,
      pageSize: 2,
    });
    const entries = await connection.search('dc=h', { scope: 'sub', filter: '(uid=*)', attributes: ['uid'] });
    return entries?.map(({ dn }) => dn);
  }

  it('A4 goes on after a page without entries', async () => {
    const pages = [
      { entries: ['uid=a'], cookie: '1' },
      { entries: [], cookie: '2' },
      { entries: [], cookie: '3' },
      { entries: ['uid=b'] },
    ];
    expect(await searchAll(pages)).to.deep.equal(['uid=a', 'uid=b']);
  });

  const halves: readonly (readonly [what: string, pages: readonly Page[], words: RegExp])[] = [
    ['a connection that ends within a page', [{ entries: ['uid=a'], end: 'cut' }], /cannot be reached/],
    [
      'one that ends between pages',
      [
        { entries: ['uid=a'], cookie: '1' },
        { entries: [], end: 'cut' },
      ],
      /cannot be reached/,
    ],
    ['empty pages without end', [{ entries: [], cookie: '1' }], /does not end/],
  ];
  for (const [what, pages, words] of halves) {
    it(`A4 takes ${what} for no answer`, async () => {
      const error = await searchAll(pages).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(RetryableError);
      expect((error as Error).message).to.match(words);
    });
  }
});

function requestIn(data: Buffer): { id: number; operation: number | null } {
  const reader = new BerReader(data);
  reader.readSequence();
  return { id: reader.readInt() ?? 0, operation: reader.peek() };
}

function answer(socket: Socket, id: number, { entries, cookie = '', end }: Page): void {
  for (const dn of entries) {
    const entry = (writer: BerWriter) => {
      writer.writeString(dn);
      writer.startSequence();
      writer.endSequence();
    };
    socket.write(message(id, SEARCH_ENTRY, entry));
  }
  if (end === 'cut') socket.end();
  else socket.write(message(id, SEARCH_DONE, result, cookie));
}

/** Success. */
function result(writer: BerWriter): void {
  writer.writeEnumeration(0);
  writer.writeString('');
  writer.writeString('');
}

function message(id: number, operation: number, write: (writer: BerWriter) => void, cookie?: string): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(operation);
  write(writer);
  writer.endSequence();
  if (cookie !== undefined) {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(0);
    value.writeString(cookie);
    value.endSequence();
    writer.startSequence(CONTROLS);
    writer.startSequence();
    writer.writeString(PAGED_RESULTS);
    writer.writeBuffer(value.buffer, 0x04);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  return writer.buffer;
}
