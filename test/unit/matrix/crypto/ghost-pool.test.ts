import { expect } from 'chai';
import type { CryptoUser } from '../../../../src/matrix/crypto/crypto-user.ts';
import { GhostPool } from '../../../../src/matrix/crypto/ghost-pool.ts';
import type { UserId } from '../../../../src/model/ids.ts';

const [one, two, three] = ['@one:h', '@two:h', '@three:h'] as [UserId, UserId, UserId];

describe('ghost pool', () => {
  let now: number;
  let log: string[];
  let pool: GhostPool;
  let openFault: Error | undefined;
  let closing: Promise<void>;

  beforeEach(() => {
    now = 0;
    log = [];
    openFault = undefined;
    closing = Promise.resolve();
    pool = new GhostPool({ open, idleMs: 1000, maxLoaded: 2, now: () => now });
  });

  afterEach(async () => {
    await pool.close();
  });

  it('loads a ghost once', async () => {
    await Promise.all([use(one), use(one)]);
    await use(one);
    expect(log).to.deep.equal(['open @one:h']);
    expect(pool.size).to.equal(1);
  });

  it('drops the least recently used when there are too many', async () => {
    await use(one);
    await use(two);
    await use(one);
    await use(three);
    await settle();
    expect(log).to.deep.equal(['open @one:h', 'open @two:h', 'open @three:h', 'close @two:h']);
  });

  it('never drops one in use', async () => {
    const held = Promise.withResolvers<void>();
    const uses = [one, two, three].map((user) => pool.use(user, () => held.promise));
    await settle();
    now += 5000;
    pool.dropIdle();
    await settle();
    expect(log.filter((line) => line.startsWith('close'))).to.deep.equal([]);
    expect(pool.size).to.equal(3);
    held.resolve();
    await Promise.all(uses);
    await settle();
    expect(pool.size).to.equal(2);
  });

  it('drops what was idle for long', async () => {
    await use(one);
    now += 600;
    await use(two);
    now += 600;
    pool.dropIdle();
    await settle();
    expect(log).to.deep.equal(['open @one:h', 'open @two:h', 'close @one:h']);
  });

  it('opens again only after it has closed', async () => {
    const held = Promise.withResolvers<void>();
    closing = held.promise;
    await use(one);
    now += 5000;
    pool.dropIdle();
    const again = use(one);
    await settle();
    expect(log).to.deep.equal(['open @one:h']);
    held.resolve();
    await again;
    expect(log).to.deep.equal(['open @one:h', 'close @one:h', 'open @one:h']);
  });

  it('tries again after it could not be opened', async () => {
    openFault = new Error('not now');
    await expectFault(use(one), /not now/);
    openFault = undefined;
    await use(one);
    expect(pool.size).to.equal(1);
  });

  it('waits for those in use when it closes, and opens nothing more', async () => {
    const held = Promise.withResolvers<void>();
    const using = pool.use(one, () => held.promise);
    await settle();
    const closed = pool.close();
    await settle();
    expect(log).to.deep.equal(['open @one:h']);
    held.resolve();
    await using;
    await closed;
    expect(log).to.deep.equal(['open @one:h', 'close @one:h']);
    await expectFault(use(two), /stopping/);
  });

  async function open(userId: UserId): Promise<CryptoUser> {
    if (openFault) throw openFault;
    log.push(`open ${userId}`);
    const close = async (): Promise<void> => {
      await closing;
      log.push(`close ${userId}`);
    };
    return { userId, close } as unknown as CryptoUser;
  }

  async function use(userId: UserId): Promise<void> {
    await pool.use(userId, async (user) => expect(user.userId).to.equal(userId));
  }

  async function expectFault(promise: Promise<unknown>, message: RegExp): Promise<void> {
    const error: unknown = await promise.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect((error as Error).message).to.match(message);
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
});
