import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import { MatrixHttp } from '../../../src/matrix/matrix-http.ts';
import { MatrixRoomControl } from '../../../src/matrix/room-control.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { RoomChange } from '../../../src/model/room-change.ts';
import { FakeHomeserver as HttpHomeserver } from '../../support/fake-homeserver.ts';
import { FakeHomeserver, refusal } from './fake-homeserver.ts';

const NAMESPACE = { bot: '@bot:hospital.test' as UserId, ghostPrefix: 'carebridge_', domain: 'hospital.test' };
const NURSE = '@nurse:hospital.test' as UserId;
const ROOM = '!room' as RoomId;
const WHY = { rule: 'rule', why: 'Why it is so.' };

const CHANGES: readonly RoomChange[] = [
  { ...WHY, kind: 'set-state', type: 'm.room.topic', stateKey: '', before: undefined, after: { topic: 'x' } },
  { ...WHY, kind: 'remove-alias', alias: '#ward:hospital.test' },
  { ...WHY, kind: 'invite', userId: NURSE },
  { ...WHY, kind: 'remove', userId: NURSE },
  { ...WHY, kind: 'unban', userId: NURSE },
];

describe('room control', () => {
  let homeserver: FakeHomeserver;
  let web: HttpHomeserver;
  let http: MatrixHttp;
  let control: MatrixRoomControl;

  before(async () => {
    web = await HttpHomeserver.open();
    http = new MatrixHttp({ url: web.url, asToken: 'token' });
  });

  after(async () => {
    http.close();
    await web.stop();
  });

  beforeEach(() => {
    homeserver = new FakeHomeserver();
    web.requests.length = 0;
    control = new MatrixRoomControl({
      homeserver,
      http,
      namespace: NAMESPACE,
      roomVersion: undefined,
      isGoverned: () => true,
      log: silentLogger,
    });
  });

  function answerState(body: object): void {
    web.fault = () => ({ status: 200, body });
  }

  const refuse = (status: number, errcode: string, more: Record<string, unknown> = {}) => {
    homeserver.answer = ({ path }) => {
      // What is looked at after a refusal: they are still as they were.
      if (path.includes('/state/m.room.member/')) return { membership: path.includes('unban') ? 'leave' : 'knock' };
      if (path.endsWith('/members')) return { chunk: [] };
      throw refusal(status, errcode, more);
    };
  };

  for (const change of CHANGES) {
    describe(`asked for ${change.kind}`, () => {
      it('applies it', async () => {
        homeserver.answer = () => ({ event_id: '$new', room_id: ROOM });
        expect(await control.apply(ROOM, change)).to.deep.equal({ outcome: 'applied' });
        expect(await control.apply(ROOM, change)).to.deep.equal({ outcome: 'applied' });
      });

      it('says that it may not, in words that name nobody', async () => {
        refuse(403, 'M_FORBIDDEN');
        const result = await control.apply(ROOM, change);
        expect(result).to.include({ outcome: 'denied' });
        expect(JSON.stringify(result))
          .to.contain('bot')
          .and.not.match(/[@!#]\w/);
      });

      it('says that something else is wrong', async () => {
        for (const [status, errcode] of [
          [400, 'M_BAD_JSON'],
          [413, 'M_TOO_LARGE'],
          [403, 'M_BAD_STATE'],
          [500, 'M_UNKNOWN'],
        ] as const) {
          refuse(status, errcode);
          const result = await control.apply(ROOM, change);
          expect(result).to.include({ outcome: 'failed' });
          expect(JSON.stringify(result))
            .to.contain(errcode)
            .and.not.match(/[@!#]\w/);
        }
      });

      it('throws while the homeserver is away or busy, with its wish to wait', async () => {
        const failure = () => control.apply(ROOM, change).catch((error: unknown) => error);
        refuse(429, 'M_LIMIT_EXCEEDED', { retryAfterMs: 1234 });
        const busy = await failure();
        expect(busy).to.be.instanceOf(RetryableError);
        expect((busy as RetryableError).retryAfterMs).to.equal(1234);
        for (const status of [401, 502, 503, 504]) {
          refuse(status, 'M_UNKNOWN');
          expect(await failure()).to.be.instanceOf(RetryableError);
        }
        homeserver.answer = () => {
          throw Object.assign(new Error(), { code: 'ECONNREFUSED' });
        };
        expect(await failure()).to.be.instanceOf(RetryableError);
      });
    });
  }

  it('takes what is done already for done', async () => {
    for (const [kind, membership] of [
      ['remove', 'leave'],
      ['remove', 'ban'],
      ['unban', 'leave'],
      ['unban', 'join'],
    ] as const) {
      homeserver.answer = ({ path }) => {
        if (path.includes('/state/m.room.member/')) return { membership };
        throw refusal(403, 'M_FORBIDDEN');
      };
      expect(await control.apply(ROOM, { ...WHY, kind, userId: NURSE })).to.deep.equal({ outcome: 'applied' });
    }
    homeserver.answer = () => {
      throw refusal(404, 'M_NOT_FOUND');
    };
    const gone = { ...WHY, kind: 'remove-alias', alias: '#x:hospital.test' } as const;
    expect(await control.apply(ROOM, gone)).to.deep.equal({ outcome: 'applied' });
  });

  it('removes no alias that is of another room by now', async () => {
    homeserver.answer = () => ({ room_id: '!other' });
    await control.apply(ROOM, { ...WHY, kind: 'remove-alias', alias: '#ward:hospital.test' });
    expect(homeserver.calls.filter((call) => call.includes('DELETE'))).to.deep.equal([]);
  });

  it('tells who is removed why', async () => {
    const bodies: unknown[] = [];
    homeserver.answer = ({ body }) => (bodies.push(body), {});
    await control.apply(ROOM, { ...WHY, kind: 'remove', userId: NURSE });
    expect(bodies).to.deep.equal([{ user_id: NURSE, reason: 'Why it is so.' }]);
  });

  it('never removes itself, and leaves reports to people', async () => {
    const own = await control.apply(ROOM, { ...WHY, kind: 'remove', userId: NAMESPACE.bot });
    const report = await control.apply(ROOM, { ...WHY, kind: 'report' });
    for (const result of [own, report]) expect(result).to.include({ outcome: 'failed' });
    expect(homeserver.calls).to.deep.equal([]);
  });

  it('refuses state of 50 MB while it comes, and does not ask for it again', async () => {
    answerState(Buffer.alloc(50 * 1024 * 1024, '['));
    for (let count = 0; count < 3; count++) {
      const error = await control.snapshot(ROOM).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(PermanentError);
      expect((error as Error).message)
        .to.contain('larger than 33554432 bytes')
        .and.not.contain(ROOM);
    }
    expect(web.requests.map(({ method, path, user }) => `${user} ${method} ${path}`)).to.deep.equal([
      `${NAMESPACE.bot} GET rooms/${ROOM}/state`,
    ]);
  });

  it('honours the wish to wait for state, too', async () => {
    web.fault = () => ({ status: 429, body: { errcode: 'M_LIMIT_EXCEEDED' }, headers: { 'retry-after': '7' } });
    const error = await control.snapshot(ROOM).catch((caught: unknown) => caught);
    expect((error as RetryableError).retryAfterMs).to.equal(7000);
  });

  it('asks nothing at rest', async () => {
    answerState([
      {
        type: 'm.room.member',
        state_key: NAMESPACE.bot,
        content: { membership: 'join' },
        sender: NAMESPACE.bot,
        event_id: '$j',
      },
    ]);
    for (let count = 0; count < 100; count++) await control.snapshot(ROOM);
    expect(web.requests).to.have.length(1);
    expect(homeserver.calls).to.deep.equal([]);
  });

  it('says whether it could join', async () => {
    expect(await control.join(ROOM)).to.equal(true);
    for (const status of [403, 404]) {
      refuse(status, 'M_UNKNOWN');
      expect(await control.join(ROOM)).to.equal(false);
    }
    refuse(502, 'M_UNKNOWN');
    expect(await control.join(ROOM).catch((error: unknown) => error)).to.be.instanceOf(RetryableError);
  });
});
