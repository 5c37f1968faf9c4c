/** What strangers, broken carriers and broken homeservers send to the running program: the right status, no row, no harm (E5). */
import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { Chat, LINE_NUMBER } from './support/chat.ts';
import { rowCounts } from './support/database.ts';
import { unexpectedWarnings } from './support/shields.ts';
import { startTestClinic } from './support/test-clinic.ts';

interface BadRequest {
  readonly title: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly status: number;
}

const MB_50 = 50 * 1024 * 1024;
const DEEP = '['.repeat(500_000);
const NOT_UTF8 = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')]);

describe('bad input', function () {
  this.timeout(60_000);
  let clinic: Clinic;
  let nurse: Nurse;
  let chat: Chat;
  let secret: string;
  let rows: Record<string, number>;

  before(async function () {
    clinic = await startTestClinic(this);
    const config = JSON.parse(await readFile(clinic.configPath, 'utf8')) as {
      carriers: { loopback: { secret: string } };
    };
    secret = config.carriers.loopback.secret;
    nurse = await clinic.login('nurse');
    chat = await Chat.open(clinic, nurse, await clinic.joinCommandRoom(nurse));
    await chat.delivered(await chat.nurseSays('before it all'));
  });

  after(async () => {
    await clinic?.close();
  });

  describe('at the transaction endpoint', () => {
    const event = JSON.stringify({ events: [message('$bad')] });
    const table: readonly BadRequest[] = [
      { title: 'no token', headers: {}, status: 401 },
      { title: 'a wrong token', headers: { authorization: 'Bearer wrong' }, status: 403 },
      {
        title: 'a wrong token and 50 MB',
        headers: { authorization: 'Bearer wrong' },
        body: new Uint8Array(MB_50),
        status: 403,
      },
      { title: 'a token of another kind', headers: { authorization: 'Basic YTpi' }, status: 401 },
      { title: 'no body', body: '', status: 400 },
      { title: 'not JSON', body: 'events=1', status: 400 },
      { title: 'half of it', body: event.slice(0, -5), status: 400 },
      { title: 'invalid UTF-8', body: NOT_UTF8, status: 400 },
      { title: 'UTF-16', body: Buffer.from(event, 'utf16le'), status: 400 },
      { title: 'an array', body: '[]', status: 400 },
      { title: 'null', body: 'null', status: 400 },
      { title: 'no events', body: '{}', status: 400 },
      { title: 'events that are none', body: '{"events":"none"}', status: 400 },
      { title: 'deep JSON', body: `{"events":[${DEEP}`, status: 400 },
      { title: '50 MB', body: new Uint8Array(MB_50).fill(32), status: 413 },
      { title: 'an event that is none', body: '{"events":[1,null,"x",{"type":"m.room.encrypted"}]}', status: 200 },
      {
        title: 'an event in a room that is not ours, nor encrypted',
        body: JSON.stringify({ events: [{ ...message('$other'), type: 'm.custom' }] }),
        status: 200,
      },
      { title: 'a malformed transaction id', path: '/_matrix/app/v1/transactions/%ff', status: 400 },
      { title: 'an endless transaction id', path: `/_matrix/app/v1/transactions/${'1'.repeat(2_000)}`, status: 400 },
      { title: 'no transaction id', path: '/_matrix/app/v1/transactions/', status: 404 },
      { title: 'an unknown path', path: '/_matrix/app/v1/everything', status: 404 },
      { title: 'the wrong method', method: 'POST', status: 405 },
      {
        title: 'a question for a ghost that nobody made',
        method: 'GET',
        path: '/_matrix/app/v1/users/%40carebridge_x%3Ahospital.test',
        status: 404,
      },
    ];
    refuseAll(table, (bad) => ({
      url: `${clinic.appserviceUrl}${bad.path ?? `/_matrix/app/v1/transactions/${randomUUID()}`}`,
      method: bad.method ?? 'PUT',
      headers: bad.headers ?? { authorization: `Bearer ${clinic.tokens.hsToken}` },
      body: bad.body ?? event,
    }));

    it('a transaction repeated, alone and at once: one row', async () => {
      const body = JSON.stringify({ events: [message('$repeated')] });
      const id = randomUUID();
      const put = (): Promise<Response> =>
        fetch(`${clinic.appserviceUrl}/_matrix/app/v1/transactions/${id}`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${clinic.tokens.hsToken}` },
          body,
        });
      const { matrix_events: before } = await rowCounts(clinic);
      const answers = [await put(), ...(await Promise.all([put(), put(), put()]))];
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
      expect((await rowCounts(clinic))['matrix_events']).to.equal((before ?? 0) + 1);
    });
  });

  describe('at the carrier’s webhook', () => {
    const text = JSON.stringify({
      kind: 'message',
      id: 'bad-1',
      from: '+12125550190',
      to: LINE_NUMBER,
      text: 'x',
      media: [],
    });
    const report = { kind: 'report', id: 'no-such-text', state: 'delivered' };
    /** `signed: false` where the signature itself is what is bad. */
    const table: readonly (BadRequest & { readonly signed?: boolean; readonly at?: number })[] = [
      { title: 'no signature', signed: false, status: 401 },
      {
        title: 'a wrong signature',
        signed: false,
        headers: { 'x-loopback-timestamp': String(Date.now()), 'x-loopback-signature': 'v1=00' },
        status: 401,
      },
      { title: 'a signature of yesterday', at: Date.now() - 86_400_000, status: 401 },
      { title: 'a signature of tomorrow', at: Date.now() + 86_400_000, status: 401 },
      { title: 'not JSON', body: 'from=1', status: 400 },
      { title: 'nothing', body: '', status: 400 },
      { title: 'half of it', body: text.slice(0, -5), status: 400 },
      { title: 'invalid UTF-8', body: NOT_UTF8, status: 400 },
      { title: 'UTF-16', body: Buffer.from(text, 'utf16le'), status: 400 },
      { title: 'deep JSON', body: DEEP.slice(0, 200_000), status: 400 },
      { title: 'an array', body: '[]', status: 400 },
      { title: 'an unknown kind', body: JSON.stringify({ kind: 'fax', id: 'x' }), status: 400 },
      { title: 'a text without id', body: text.replace('"bad-1"', '""'), status: 400 },
      { title: 'an id of 1000 characters', body: text.replace('bad-1', 'b'.repeat(1_000)), status: 400 },
      { title: 'a text that is a number', body: text.replace('"x"', '1'), status: 400 },
      { title: 'media that is none', body: text.replace('[]', '[{"url":1}]'), status: 400 },
      { title: 'a report with an unknown state', body: JSON.stringify({ ...report, state: 'eaten' }), status: 400 },
      { title: 'a report of a text that we never sent: to be repeated', body: JSON.stringify(report), status: 503 },
      { title: '50 MB', body: new Uint8Array(MB_50).fill(32), status: 413 },
      { title: 'a compressed body', headers: { 'content-encoding': 'gzip' }, status: 415 },
      { title: 'an unknown carrier', path: '/carriers/nobody/webhook', status: 404 },
      { title: 'an unknown path of the carrier', path: '/carriers/loopback/everything', status: 404 },
      { title: 'a path that leads out', path: '/carriers/loopback/%2e%2e/%2e%2e/metrics', status: 404 },
      { title: 'the wrong method', method: 'PUT', status: 405 },
      {
        title: 'metrics through a proxy',
        method: 'GET',
        path: '/metrics',
        headers: { 'x-forwarded-for': '203.0.113.1' },
        status: 403,
      },
    ];
    refuseAll(table, (bad) => {
      const body = bad.body ?? text;
      const signature = bad.signed === false ? {} : sign(secret, body, bad.at);
      return {
        url: `${clinic.httpUrl}${bad.path ?? '/carriers/loopback/webhook'}`,
        method: bad.method ?? 'POST',
        headers: { 'content-type': 'application/json', ...signature, ...bad.headers },
        body,
      };
    });

    it('a text repeated, alone and at once: one row, one event', async () => {
      const { inbox } = await rowCounts(clinic);
      const id = randomUUID();
      const body = JSON.stringify({
        kind: 'message',
        id,
        from: chat.number,
        to: LINE_NUMBER,
        text: 'only once',
        media: [],
      });
      const post = (): Promise<Response> =>
        fetch(`${clinic.httpUrl}/carriers/loopback/webhook`, { method: 'POST', headers: sign(secret, body), body });
      const answers = [await post(), ...(await Promise.all([post(), post(), post()]))];
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
      await chat.nurseReads('only once');
      await chat.patientSays('and another');
      expect(chat.fromPatient().filter((each) => each === 'only once')).to.have.length(1);
      expect((await rowCounts(clinic))['inbox']).to.equal((inbox ?? 0) + 2);
    });
  });

  // In a suite of its own: mocha runs the tests of a suite before those of the suites in it.
  describe('afterwards', () => {
    it('leaves a bridge that does its work', async () => {
      await chat.delivered(await chat.nurseSays('after it all'));
      await chat.patientSays('all is well');
      expect((await fetch(`${clinic.httpUrl}/ready`)).status).to.equal(200);
      expect(clinic.bridge.output).not.to.include('http.failed').and.not.to.include('homeserver.request-failed');
      expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    });
  });

  function refuseAll<Bad extends BadRequest>(
    table: readonly Bad[],
    make: (bad: Bad) => {
      url: string;
      method: string;
      headers: Readonly<Record<string, string>>;
      body: string | Uint8Array;
    },
  ): void {
    before(async () => {
      // What was said before is on its way into the archive.
      rows = await waitFor('the archive to have it', async () => {
        const counts = await rowCounts(clinic);
        return counts['archive_queue'] === 0 ? counts : undefined;
      });
    });
    for (const bad of table) {
      it(`${bad.title}: ${bad.status}`, async () => {
        const { url, method, headers, body } = make(bad);
        const answer = await fetch(url, { method, headers, ...(method !== 'GET' && { body: body as BodyInit }) });
        expect(answer.status).to.equal(bad.status);
        const words = await answer.text();
        expect(words.length).to.be.lessThan(200);
        expect(await rowCounts(clinic)).to.deep.equal(rows);
      });
    }
  }
});

function message(eventId: string): Record<string, unknown> {
  return {
    type: 'm.room.encrypted',
    room_id: '!elsewhere:hospital.test',
    event_id: eventId,
    sender: '@nurse:hospital.test',
    origin_server_ts: Date.now(),
    content: { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x', session_id: 'x' },
  };
}

/** As the carrier's documentation says: its own code, not the bridge's. */
function sign(secret: string, body: string | Uint8Array, at = Date.now()): Record<string, string> {
  const hmac = createHmac('sha256', secret).update(`v1\n${at}\nwebhook\n`).update(body).digest('hex');
  return { 'x-loopback-timestamp': String(at), 'x-loopback-signature': `v1=${hmac}` };
}
