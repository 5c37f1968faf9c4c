import { expect } from 'chai';
import { once, EventEmitter } from 'node:events';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type * as sinon from 'sinon';
import { silentLogger } from '../../../../src/log.ts';
import { BotSync, type BotSyncParts } from '../../../../src/matrix/crypto/bot-sync.ts';
import type { MatrixCall } from '../../../../src/matrix/matrix-http.ts';
import { roundMs } from '../../../../src/matrix/crypto/sync-round.ts';
import type { UserId } from '../../../../src/model/ids.ts';

/** Of the CommonJS build, which reaches `node:timers/promises` as well. */
const { useFakeTimers } = createRequire(import.meta.url)('sinon') as typeof sinon;

/** A homeserver that holds a request for as long as it may, unless it is told to answer. */
class HoldingHomeserver extends EventEmitter<{ asked: [timeout: string]; ended: [] }> {
  readonly asked: string[] = [];
  changed: string[] = [];

  call(_attempt: string, { query, signal }: MatrixCall): Promise<Record<string, unknown>> {
    const timeout = query?.['timeout'] ?? '';
    this.asked.push(timeout);
    setImmediate(() => this.emit('asked', timeout));
    if (timeout === '0')
      return Promise.resolve({ next_batch: `s${this.asked.length}`, device_lists: { changed: this.changed } });
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.emit('ended');
        reject(new Error('aborted'));
      });
    });
  }
}

const GHOST = '@ghost:hospital.test' as UserId;

/** Over that homeserver, with a device that never has anything to do. */
function botSync(homeserver: HoldingHomeserver, more: Partial<BotSyncParts> = {}): BotSync {
  return new BotSync({
    http: homeserver,
    store: { since: undefined, setSince: async () => undefined, deviceChanges: { note: () => [] } },
    bot: { userId: '@bot:hospital.test', receiveSync: async () => false, flush: async () => undefined },
    deviceId: 'BOT',
    isGhost: (user: UserId) => user === GHOST,
    onKeys: () => undefined,
    onDevicesChanged: () => undefined,
    onBack: () => undefined,
    log: silentLogger,
    ...more,
  } as unknown as BotSyncParts);
}

describe('bot sync', () => {
  let homeserver: HoldingHomeserver;
  let sync: BotSync;
  let now: number;
  let changed: UserId[];

  beforeEach(async () => {
    now = 1_000_000;
    changed = [];
    homeserver = new HoldingHomeserver();
    sync = botSync(homeserver, { onDevicesChanged: (users) => void changed.push(...users), now: () => now });
    await sync.start();
    await once(homeserver, 'asked');
  });

  afterEach(() => sync.stop());

  it('lets the homeserver hold the request while nothing is sent', async () => {
    if (homeserver.asked.length < 2) await once(homeserver, 'asked');
    expect(homeserver.asked).to.deep.equal(['0', '5000']);
  });

  it('asks in short rounds while our own users send, and says that nothing failed', async () => {
    if (homeserver.asked.length < 2) await once(homeserver, 'asked');
    const ended = once(homeserver, 'ended');
    sync.sending();
    await ended;
    sync.wake();
    await once(homeserver, 'asked');
    expect(homeserver.asked.at(-1)).to.equal('0');
    expect(sync.problem).to.equal(undefined);
  });

  it('holds again when nothing was sent for a while', async () => {
    sync.sending();
    sync.wake();
    now += 10_000;
    while (homeserver.asked.at(-1) !== '5000') {
      sync.wake();
      await once(homeserver, 'asked');
    }
    expect(homeserver.asked.at(-1)).to.equal('5000');
  });

  it('tries what is refused to its device once, and not again with each round that follows', async () => {
    await sync.stop();
    let tries = 0;
    const flush = async () => {
      tries++;
      throw new Error('refused');
    };
    const bot = { userId: '@bot:hospital.test', receiveSync: async () => false, flush };
    sync = botSync(homeserver, { bot: bot as unknown as BotSyncParts['bot'], now: () => now });
    const rounds = homeserver.asked.length + 3;
    await sync.start();
    while (homeserver.asked.length < rounds) {
      sync.sending();
      sync.wake();
      await once(homeserver, 'asked');
    }
    expect(tries).to.equal(1);
  });

  it('tells whose devices changed, but for ghosts', async () => {
    homeserver.changed = ['@nurse:hospital.test', GHOST, 'nobody'];
    sync.sending();
    sync.wake();
    while (changed.length === 0) await once(homeserver, 'asked');
    expect(changed).to.deep.equal(['@nurse:hospital.test']);
  });
});

describe('rounds of the bot sync, while our own users send', () => {
  let clock: sinon.SinonFakeTimers;
  let homeserver: HoldingHomeserver;
  let sync: BotSync;

  beforeEach(async () => {
    clock = useFakeTimers();
    // Its import of the timers is looked up anew.
    syncBuiltinESMExports();
    homeserver = new HoldingHomeserver();
    sync = botSync(homeserver);
    await sync.start();
    await clock.tickAsync(0);
    expect(homeserver.asked).to.deep.equal(['0', '5000']);
  });

  afterEach(async () => {
    await sync.stop();
    clock.restore();
    syncBuiltinESMExports();
  });

  const send = (count: number) => Array.from({ length: count }).forEach(() => sync.sending());

  for (const [sent, afterMs] of [
    [1, 1_000],
    [20, 1_000],
    [21, 3_000],
    [500, 3_000],
  ] as const) {
    it(`after ${sent} messages the next is ${afterMs} ms later`, async () => {
      expect(roundMs(sent)).to.equal(afterMs);
      send(sent);
      await clock.tickAsync(afterMs - 1);
      expect(homeserver.asked).to.have.length(2);
      await clock.tickAsync(1);
      expect(homeserver.asked[2]).to.equal('0');
    });
  }

  it('count messages from one to the next', async () => {
    send(21);
    // While that round waits, its length is settled.
    await clock.tickAsync(2_000);
    send(1);
    await clock.tickAsync(1_000);
    expect(homeserver.asked.slice(2)).to.deep.equal(['0']);
    await clock.tickAsync(1_000);
    expect(homeserver.asked.slice(2)).to.deep.equal(['0', '0', '5000']);
  });

  it('end at once where the homeserver was heard of, and with the sending', async () => {
    send(500);
    await clock.tickAsync(10);
    sync.wake();
    await clock.tickAsync(0);
    expect(homeserver.asked.slice(2)).to.deep.equal(['0']);
    // Two seconds after the last message it is held again.
    await clock.tickAsync(5_000);
    expect(homeserver.asked.at(-1)).to.equal('5000');
  });
});
