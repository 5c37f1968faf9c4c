/** An end at any point of making a user leaves something that the next start completes. */
import { expect } from 'chai';
import { RetryableError } from '../../../../src/errors.ts';
import { BOT, CryptoBridge, GHOST, ROOM } from '../../../support/crypto-bridge.ts';
import type { Fault } from '../../../support/fake-homeserver.ts';
import { StaffDevices } from '../../../support/staff-device.ts';

describe('making users with keys', function () {
  this.timeout(60_000);
  let bridge: CryptoBridge;

  beforeEach(async () => {
    bridge = await CryptoBridge.make();
  });

  afterEach(async () => {
    await bridge.stop();
  });

  it('makes account, device, keys and identity of the bot, each once', async () => {
    const paths = await bridge.requestsOf(() => bridge.start());
    expect(paths.slice(0, 2)).to.deep.equal(['register', `devices/${deviceId()}`]);
    for (const path of ['keys/device_signing', 'keys/signatures'])
      expect(paths.filter((seen) => seen === path)).to.have.length(1);
    expect(deviceId()).to.match(/^CB[A-Z2-7]{10}$/);
    expect(bridge.homeserver.requests.every(({ user, path }) => path === 'register' || user === BOT)).to.equal(true);
  });

  it('asks only for the bot’s keys at the next start, and marks it', async () => {
    await bridge.start();
    expect(new Set(await bridge.requestsOf(() => bridge.restart()))).to.deep.equal(
      new Set(['keys/query', `user/${BOT}`]),
    );
  });

  for (const fault of ['drop-before', 'drop-after'] as const) {
    it(`completes the bot after the connection broke at any request (${fault})`, async () => {
      let identity: string | undefined;
      for (let request = 1; ; request++) {
        const error = await startWith(fault, request);
        const now = masterKeyOf(BOT);
        if (identity !== undefined) expect(now).to.equal(identity);
        identity ??= now;
        await bridge.close();
        if (error === undefined) break;
        expect(error).to.be.instanceOf(RetryableError);
      }
      expect(bridge.homeserver.requests.length).to.be.greaterThan(20);
    });

    it(`completes a ghost after the connection broke at any request (${fault})`, async () => {
      await bridge.start();
      const staff = await StaffDevices.open(bridge.homeserver);
      const nurse = await staff.add('nurse');
      bridge.members.set(ROOM, new Set([BOT, GHOST, nurse.userId]));
      let identity: string | undefined;
      for (let request = 1; ; request++) {
        breakAt(fault, request);
        const result = await bridge.say('hello', GHOST, 'inbox-1').catch((error: unknown) => error);
        bridge.homeserver.fault = () => undefined;
        const now = masterKeyOf(GHOST);
        if (identity !== undefined) expect(now).to.equal(identity);
        identity ??= now;
        if (typeof result === 'string') {
          expect(await nurse.read(bridge.sent(result))).to.include({ outcome: 'clear', body: 'hello' });
          break;
        }
        expect(result).to.be.instanceOf(RetryableError);
        await bridge.restart();
      }
      expect(bridge.homeserver.sent).to.have.length(1);
      await staff.close();
    });
  }

  it('says which Synapse is needed where devices cannot be created', async () => {
    bridge.homeserver.fault = ({ path }) =>
      path.startsWith('devices/') ? { status: 404, body: { errcode: 'M_UNRECOGNIZED' } } : undefined;
    const error: unknown = await bridge.start().catch((reason: unknown) => reason);
    expect(error).to.have.property('name', 'ConfigError');
    expect((error as Error).message).to.include('Synapse 1.141');
  });

  it('makes a ghost’s device and identity before it says anything, once', async () => {
    await bridge.start();
    await bridge.crypto.prepare(GHOST);
    expect(masterKeyOf(GHOST)).to.be.a('string');
    expect(await bridge.requestsOf(() => bridge.crypto.prepare(GHOST))).to.deep.equal([]);
  });

  it('says what to do where somebody deleted a ghost’s device', async () => {
    await bridge.start();
    await bridge.say('one');
    bridge.homeserver.devices.delete(GHOST + deviceId());
    const error: unknown = await bridge.say('two').catch((reason: unknown) => reason);
    expect(error).to.have.property('name', 'PermanentError');
    expect((error as Error).message).to.include('carebridge reset-crypto');
  });

  async function startWith(fault: Fault, request: number): Promise<unknown> {
    breakAt(fault, request);
    const error: unknown = await bridge.start().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    bridge.homeserver.fault = () => undefined;
    return error;
  }

  /** Breaks the so-many-th request from now on, and all after it. */
  function breakAt(fault: Fault, request: number): void {
    let count = 0;
    bridge.homeserver.fault = () => {
      count++;
      if (count < request) return undefined;
      return count === request ? fault : 'drop-before';
    };
  }

  function masterKeyOf(user: string): string | undefined {
    const identity = bridge.homeserver.directory.identities.get(user);
    return identity && JSON.stringify(identity.master_key.keys);
  }

  function deviceId(): string {
    const { path = '' } = bridge.homeserver.requests.find(({ path }) => path.startsWith('devices/')) ?? {};
    return path.slice('devices/'.length);
  }
});
