import { expect } from 'chai';
import { once, EventEmitter } from 'node:events';
import { silentLogger } from '../../../../src/log.ts';
import { BotSync, type BotSyncParts } from '../../../../src/matrix/crypto/bot-sync.ts';
import type { MatrixCall } from '../../../../src/matrix/matrix-http.ts';
import type { UserId } from '../../../../src/model/ids.ts';

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

describe('bot sync', () => {
  let homeserver: HoldingHomeserver;
  let sync: BotSync;
  let now: number;
  let changed: UserId[];

  beforeEach(async () => {
    now = 1_000_000;
    changed = [];
    homeserver = new HoldingHomeserver();
    sync = new BotSync({
      http: homeserver,
      store: { since: undefined, setSince: async () => undefined, deviceChanges: { note: () => [] } },
      bot: { userId: '@bot:hospital.test', receiveSync: async () => false, flush: async () => undefined },
      deviceId: 'BOT',
      isGhost: (user: UserId) => user === GHOST,
      onKeys: () => undefined,
      onDevicesChanged: (users: readonly UserId[]) => changed.push(...users),
      onBack: () => undefined,
      log: silentLogger,
      now: () => now,
    } as unknown as BotSyncParts);
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

  it('tells whose devices changed, but for ghosts', async () => {
    homeserver.changed = ['@nurse:hospital.test', GHOST, 'nobody'];
    sync.sending();
    sync.wake();
    while (changed.length === 0) await once(homeserver, 'asked');
    expect(changed).to.deep.equal(['@nurse:hospital.test']);
  });
});
