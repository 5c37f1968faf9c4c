/** What the stores of account control promise. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { labelOf } from '../../../src/model/device-label.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { AccountProcedure } from '../../../src/ports/account-procedure-store.ts';
import { keepAway } from '../../../src/services/account-guard.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const LEE = '@lee:hospital.test' as UserId;
const PHONE = labelOf('PHONE');
const NOW = 1_000_000;
const PROCEDURE: AccountProcedure = {
  id: 'p1',
  kind: 'offboard',
  userId: LEE,
  successor: '@kim:hospital.test' as UserId,
  askedBy: '@admin:hospital.test' as UserId,
  roomId: '!command' as RoomId,
  eventId: '$event' as EventId,
  trace: 'trace',
  startedAt: NOW,
};

/** Defines the tests on `bench`. */
export function accountContract(bench: StorageBench): void {
  const use = storageForEach(bench);

  it('begins a procedure once, keeps the first result of each step, and finishes once', async () => {
    const { accountProcedures: store } = use.storage;
    expect([await store.begin(PROCEDURE), await store.begin(PROCEDURE)]).to.deep.equal([true, false]);
    expect([await store.has('p1'), await store.has('p2')]).to.deep.equal([true, false]);
    const step = { step: 'lock', outcome: 'done', text: 'locked', at: NOW } as const;
    expect(await store.addStep('p1', step)).to.equal(true);
    expect(await store.addStep('p1', { ...step, outcome: 'failed' })).to.equal(false);
    await store.addStep('p1', { ...step, step: 'sessions', outcome: 'partial' });
    expect(await store.unfinished()).to.deep.equal([PROCEDURE]);
    expect((await store.steps('p1')).map(({ step: name, outcome }) => `${name} ${outcome}`)).to.deep.equal([
      'lock done',
      'sessions partial',
    ]);
    for (const since of [NOW + 5, NOW + 9]) await store.noteWaiting('p1', since);
    expect(await store.unfinished(), 'the first time counts').to.deep.equal([{ ...PROCEDURE, waitsSince: NOW + 5 }]);
    expect([await store.finish('p1', NOW), await store.finish('p1', NOW)]).to.deep.equal([true, false]);
    expect(await store.unfinished()).to.deep.equal([]);
  });

  it('keeps how an account was', async () => {
    const { accountStates: store } = use.storage;
    const state = {
      userId: LEE,
      wasLocked: false,
      wasSuspended: true,
      absence: 'locked' as const,
      successor: undefined,
      by: '@admin:hospital.test',
      at: NOW,
    };
    await store.set(state);
    expect(await store.current()).to.deep.equal([state]);
    await store.set({ ...state, absence: 'gone', successor: PROCEDURE.successor });
    expect(await store.find(LEE)).to.deep.equal({ ...state, absence: 'gone', successor: PROCEDURE.successor });
  });

  it('A7, D8 what somebody else has kept of an account meanwhile is neither removed nor replaced', async () => {
    const { accountStates: store } = use.storage;
    const was = { userId: LEE, wasLocked: false, wasSuspended: false, successor: undefined, by: PROCEDURE.askedBy };
    const suspended = { ...was, absence: 'none', at: NOW } as const;
    const gone = { ...was, absence: 'gone', at: NOW } as const;
    await store.set(suspended);
    await store.set(gone);
    for (const next of [undefined, suspended]) await store.replace(suspended, next);
    expect(await store.current()).to.deep.equal([gone]);
    await store.replace(gone, suspended);
    expect(await store.current()).to.deep.equal([suspended]);
    await store.replace(suspended, undefined);
    expect(await store.current()).to.deep.equal([]);
  });

  it('A9 of two who send each other away at the same time, one stays', async () => {
    const { accountStates, audit, transactions } = use.storage;
    const both = [LEE, PROCEDURE.askedBy];
    const sendAway = (userId: UserId, beforeCommit: () => Promise<void> = async () => undefined) =>
      transactions.run(async () => {
        const entry = { action: 'account.offboard', actor: userId, outcome: 'done', trace: 'trace' } as const;
        await audit.append({ ...entry, id: `away:${userId}` });
        const state = { userId, wasLocked: false, wasSuspended: false, absence: 'gone', successor: undefined } as const;
        await keepAway({ accountStates }, both, { ...state, by: userId, at: NOW });
        await beforeCommit();
      });
    const [kept, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = sendAway(both[0]!, () => (kept.resolve(), commit.promise));
    await kept.promise;
    // Not before the first is committed: else it would not see it.
    const second = sendAway(both[1]!).then(
      () => 'sent away',
      (error: unknown) => (error as Error).message,
    );
    expect(await Promise.race([second, sleep(200, 'waits')])).to.equal('waits');
    commit.resolve();
    await first;
    expect(await second).to.match(/last one who can manage accounts/);
    expect((await accountStates.current()).map(({ userId }) => userId)).to.deep.equal([both[0]]);
  });

  it('remembers devices, and since when', async () => {
    const { watchedDevices: store } = use.storage;
    const device = { userId: LEE, device: PHONE, firstSeenAt: NOW, networks: ['10.1.2.0/24'], told: [] };
    await store.set(device);
    await store.set({ ...device, firstSeenAt: NOW + 1, told: ['unused'] });
    expect(await store.of(LEE)).to.deep.equal([{ ...device, told: ['unused'] }]);
    await store.remove(LEE, PHONE);
    expect(await store.of(LEE)).to.deep.equal([]);
  });

  it('knows which device a notice told of, until that is gone', async () => {
    const { watchedDevices: store } = use.storage;
    const [first, second] = ['$notice-1', '$notice-2'] as EventId[];
    for (const device of [
      { userId: LEE, device: PHONE },
      { userId: LEE, device: labelOf('TABLET') },
    ]) {
      await store.addNotice(device.device === PHONE ? first! : second!, device);
    }
    await store.addNotice(first!, { userId: LEE, device: PHONE });
    await store.remove(LEE, PHONE);
    expect(await store.ofNotice(first!)).to.equal(undefined);
    expect(await store.ofNotice(second!)).to.deep.equal({ userId: LEE, device: labelOf('TABLET') });
  });
}
