import { expect } from 'chai';
import { spy, stub } from 'sinon';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { labelOf } from '../../../src/model/device-label.ts';
import type { UserId } from '../../../src/model/ids.ts';
import type { Role } from '../../../src/model/role.ts';
import type { Storage } from '../../../src/storage/open-storage.ts';
import { WatchSignIns } from '../../../src/services/watch-sign-ins.ts';
import { LAST_SEEN_LATE_MS } from '../../../src/policy/device-findings.ts';
import { device } from '../../support/fakes/fake-accounts.ts';
import { role } from '../../support/line-team-policy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AccountFixture, HOUR_MS, openAccountStorage, SECOND } from './account-fixture.ts';

let count = 0;

describe('Sign-in watch', () => {
  let storage: Storage;
  let fixture: AccountFixture;
  let lee: UserId;
  before(async () => (storage = await openAccountStorage()));
  after(() => storage.close());

  const nurse = (changes: Partial<Role> = {}): Role => ({ ...role('nurse', []), ...changes });
  beforeEach(async () => {
    fixture = new AccountFixture(storage);
    lee = `@lee-${++count}:hospital.test` as UserId;
    fixture.accounts.add(lee, ['DESK']);
    fixture.extraRoles.set(lee, [nurse()]);
    await fixture.watch().check();
    await fixture.said();
  });

  /** The devices go on being used. */
  function pass(ms: number, used: readonly string[] = []): void {
    fixture.clock += ms;
    const found = fixture.accounts.of(lee);
    found.devices = found.devices.map((one) =>
      used.includes(one.deviceId) ? { ...one, lastSeenAt: fixture.clock } : one,
    );
  }

  it('A10 says nothing of devices that were there before it looked', async () => {
    expect(await fixture.said()).to.deep.equal([]);
  });

  it('A10 tells of a new device with the line that ends it, once', async () => {
    fixture.accounts.of(lee).devices.push(device('TABLET', { ip: '192.0.2.7', userAgent: 'Element X' }));
    await fixture.watch().check();
    await fixture.watch().check();
    const said = await fixture.said();
    expect(said).to.have.length(1);
    expect(said[0]).to.include(`${lee} signed in on a new device`);
    expect(said[0]).to.include('from 192.0.2.7, Element X');
    expect(said[0]).to.include(`!care lost-device ${lee} TABLET`);
  });

  it('A10 calls somebody for a new device, and for nobody’s old one from elsewhere', async () => {
    const alarms = async () =>
      (await storage.notices.due(Number.MAX_SAFE_INTEGER, new Set(), 100)).map(
        ({ notice }) => notice.kind === 'message' && notice.isAlarm === true,
      );
    fixture.accounts.of(lee).devices.push(device('TABLET', { ip: '192.0.2.7' }));
    await fixture.watch().check();
    expect(await alarms()).to.deep.equal([true]);
    await fixture.said();
    fixture.accounts.of(lee).devices = [device('DESK', { ip: '198.51.100.9' }), device('TABLET', { ip: '192.0.2.7' })];
    await fixture.watch().check();
    expect(await alarms()).to.deep.equal([false]);
    await fixture.said();
  });

  it('A10 tells where from also where the server had just no word of it', async () => {
    fixture.accounts.of(lee).devices.push(device('TABLET', { ip: '192.0.2.7' }));
    const [desk, tablet] = await fixture.accounts.devices(lee);
    const looks = stub(fixture.accounts, 'devices').callThrough();
    looks.onFirstCall().resolves([desk!, { ...tablet!, ip: undefined, lastSeenAt: undefined }]);
    await fixture.watch().check();
    expect((await fixture.said()).join())
      .to.include('signed in on a new device')
      .and.include('from 192.0.2.7');
  });

  it('A10 tells also of a new device that nobody used yet', async () => {
    fixture.accounts.of(lee).devices.push(device('TABLET', { ip: undefined, lastSeenAt: undefined }));
    await fixture.watch().check();
    expect((await fixture.said()).join())
      .to.include('signed in on a new device')
      .and.include('never used');
  });

  it('A10 tells of the first device of somebody who had none', async () => {
    const pat = `@pat-${count}:hospital.test` as UserId;
    fixture.accounts.add(pat);
    fixture.extraRoles.set(pat, [nurse()]);
    await fixture.watch().check();
    fixture.accounts.of(pat).devices.push(device('FIRST'));
    await fixture.watch().check();
    expect(await fixture.said()).to.have.length(1);
  });

  for (const deviceId of ['DESK\u200b', ' DESK', '', '--dry-run', '@lee:hospital.test', '\u0000', 'é'.repeat(512)]) {
    const shown = JSON.stringify(deviceId.slice(0, 20));
    it(`A10, D1 tells of a device that calls itself ${shown}, as no other, and its notice ends it and no other`, async () => {
      fixture.accounts.of(lee).devices.push(device(deviceId));
      await fixture.watch().check();
      await fixture.watch().check();
      const said = await fixture.said();
      expect(said).to.have.length(1);
      expect(said[0])
        .to.include(`${lee} signed in on a new device`)
        .and.include(`!care lost-device ${lee} ${labelOf(deviceId)}`);
      const { lostDevice } = fixture.services();
      const result = await lostDevice.run(fixture.request(lee), labelOf(deviceId));
      expect(result, result.text).to.include({ outcome: 'done' });
      expect(await fixture.accounts.devices(lee)).to.have.length(1);
      await fixture.watch().check();
      expect((await storage.watchedDevices.of(lee)).map((known) => known.device)).to.deep.equal(['', 'DESK']);
    });
  }

  it('A10 tells of a new network, once', async () => {
    fixture.accounts.of(lee).devices = [device('DESK', { ip: '198.51.100.9' })];
    await fixture.watch().check();
    fixture.accounts.of(lee).devices = [device('DESK', { ip: '198.51.100.20' })];
    await fixture.watch().check();
    const said = await fixture.said();
    expect(said).to.have.length(1);
    expect(said[0]).to.include('new network');
  });

  it('A10 tells of a device that is not verified, after an hour', async () => {
    fixture.unverified.set(lee, ['DESK']);
    await fixture.watch().check();
    expect(await fixture.said()).to.deep.equal([]);
    pass(HOUR_MS, ['DESK']);
    await fixture.watch().check();
    await fixture.watch().check();
    const said = await fixture.said();
    expect(said).to.have.length(1);
    expect(said[0]).to.include('have not verified');
  });

  it('A10 tells it once, also where the keys could not be asked for meanwhile', async () => {
    fixture.unverified.set(lee, ['DESK']);
    pass(HOUR_MS, ['DESK']);
    await fixture.watch().check();
    const parts = { ...fixture.parts(), prefix: '!care', everyMs: 60_000 };
    const limits = { unusedMs: 30 * 24 * HOUR_MS, verifyWithinMs: HOUR_MS };
    const deviceTrust = { unverified: async () => Promise.reject(new RetryableError('busy')) };
    await new WatchSignIns({ ...parts, limits, deviceTrust }).check();
    pass(60_000, ['DESK']);
    await fixture.watch().check();
    expect(await fixture.said()).to.have.length(1);
  });

  it('A10 tells of the others where of one nothing can be told; where of nobody, it asks of few', async () => {
    const others = ['kim', 'moe', 'pat'].map((name) => `@${name}-${count}:hospital.test` as UserId);
    for (const other of others) {
      fixture.accounts.add(other, ['DESK']);
      fixture.extraRoles.set(other, [nurse()]);
    }
    await fixture.watch().check();
    fixture.accounts.of(others[2]!).devices.push(device('TABLET'));
    const busy = new RetryableError('The homeserver answered 500.');
    const looks = stub(fixture.accounts, 'devices').callThrough();
    looks.withArgs(lee).rejects(busy);
    const look = () =>
      fixture
        .watch()
        .check()
        .catch((error: unknown) => error);
    expect(await look()).to.equal(busy);
    expect((await fixture.said()).join()).to.include(`${others[2]} signed in on a new device`);
    looks.reset();
    looks.rejects(busy);
    expect(await look()).to.equal(busy);
    expect(looks.callCount).to.equal(3);
  });

  it('A10 tells of a device that was not used for thirty days', async () => {
    pass(31 * 24 * HOUR_MS);
    await fixture.watch().check();
    await fixture.watch().check();
    const said = await fixture.said();
    expect(said).to.have.length(1);
    expect(said[0]).to.include('not been used for a long time');
  });

  it('A10 looks within seconds at whoever’s devices changed, and at nobody else', async () => {
    const moe = `@moe-${count}:hospital.test` as UserId;
    fixture.accounts.add(moe, ['OTHER']);
    fixture.extraRoles.set(moe, [nurse()]);
    await fixture.watch().check();
    const watch = fixture.watch();
    const told = (what: string) =>
      waitFor(what, async () => (await fixture.said()).some((text) => text.includes(what)));
    // Told of by the first round, which looks at this user last.
    fixture.accounts.of(moe).devices.push(device('FIRST'));
    watch.start();
    await told(`${moe} FIRST`);
    for (const user of [lee, moe]) fixture.accounts.of(user).devices.push(device('TABLET'));
    watch.devicesChanged([lee, '@stranger:hospital.test' as UserId]);
    await told(`${lee} TABLET`);
    expect((await storage.watchedDevices.of(moe)).map(({ device: known }) => known)).not.to.include('TABLET');
    watch.devicesChanged([moe]);
    await told(`${moe} TABLET`);
    await watch.stop();
  });

  it('A10 looks at whoever’s devices changed within seconds also where the homeserver was away meanwhile', async () => {
    const watch = fixture.watch();
    const looks = spy(fixture.accounts, 'devices');
    watch.start();
    await waitFor('the first round', () => looks.called);
    await looks.lastCall.returnValue;
    fixture.accounts.of(lee).devices.push(device('TABLET'));
    fixture.accounts.isAway = true;
    looks.resetHistory();
    watch.devicesChanged([lee]);
    await waitFor('a look that fails', () => looks.called);
    fixture.accounts.isAway = false;
    // The next round is in a minute.
    await waitFor('the notice', async () => (await fixture.said()).some((text) => text.includes(`${lee} TABLET`)));
    await watch.stop();
  });

  it('watches nobody without a PHI role, nobody who is locked, and no account that is not there', async () => {
    const cook = `@cook-${count}:hospital.test` as UserId;
    fixture.accounts.add(cook);
    fixture.extraRoles.set(cook, [nurse({ classes: new Set(['none']) })]);
    fixture.extraRoles.set('@ghostly:hospital.test' as UserId, [nurse()]);
    await fixture.watch().check();
    fixture.accounts.of(cook).devices.push(device('NEW'));
    await fixture.services().lockAccount.run(fixture.request(lee), { endSessions: false });
    fixture.accounts.of(lee).devices.push(device('NEW'));
    await fixture.watch().check();
    expect(await fixture.said()).to.deep.equal([]);
  });

  it('A10 ends the round where the homeserver tells its credential nothing: that is not "no such account"', async () => {
    const refused = new PermanentError('The token is not valid there.');
    const parts = { devices: async () => Promise.reject(refused), find: async () => Promise.reject(refused) };
    Object.assign(fixture.accounts, parts);
    expect(
      await fixture
        .watch()
        .check()
        .catch((error: unknown) => error),
    ).to.equal(refused);
  });

  describe('idle sign-out', () => {
    beforeEach(() =>
      fixture.extraRoles.set(lee, [nurse({ idleLogoffMs: 12 * HOUR_MS }), nurse({ idleLogoffMs: 8 * HOUR_MS })]),
    );

    it('C2 ends the stale device only, by the strictest role, and only when the server’s lateness cannot be why', async () => {
      fixture.accounts.of(lee).devices = [device('DESK'), device('PHONE')];
      await fixture.watch().check();
      await fixture.said();
      pass(0, ['DESK', 'PHONE']);
      pass(8 * HOUR_MS + LAST_SEEN_LATE_MS, ['PHONE']);
      await fixture.watch().check();
      expect((await fixture.accounts.devices(lee)).map(({ deviceId }) => deviceId)).to.deep.equal(['DESK', 'PHONE']);
      pass(1, ['PHONE']);
      await fixture.watch().check();
      expect((await fixture.accounts.devices(lee)).map(({ deviceId }) => deviceId)).to.deep.equal(['PHONE']);
      expect((await fixture.said()).join()).to.include('unused for longer than 480 minutes');
      const rows = (await storage.auditTrail.rows(0, 10_000)).filter(
        ({ target, action }) => target === lee && action === 'account.idle-sign-out',
      );
      expect(rows.map(({ actor, outcome }) => `${actor} ${outcome}`)).to.deep.equal([
        'carebridge done',
        'carebridge done',
      ]);
    });

    it('C2, A9 leaves the account that the admin token acts by alone', async () => {
      fixture.adminAccount = lee;
      pass(100 * HOUR_MS);
      await fixture.watch().check();
      expect(await fixture.accounts.devices(lee)).to.have.length(1);
    });

    it('C2 leaves protected accounts and roles without a limit alone', async () => {
      fixture.protectedUsers.add(lee);
      pass(100 * HOUR_MS);
      await fixture.watch().check();
      expect(await fixture.accounts.devices(lee)).to.have.length(1);
      expect(await fixture.accounts.find(SECOND)).to.include({ isLocked: false });
    });
  });
});
