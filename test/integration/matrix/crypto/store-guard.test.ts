/** Keys that are not the ones the bridge had are refused, explained, and never replaced silently. */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../../../src/errors.ts';
import { resetCrypto } from '../../../../src/matrix/crypto/reset-crypto.ts';
import type { UserId } from '../../../../src/model/ids.ts';
import { BOT, CryptoBridge, GHOST } from '../../../support/crypto-bridge.ts';
import type { MemorySettings } from '../../../support/memory-settings.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('crypto store guard', function () {
  this.timeout(30_000);
  let bridge: CryptoBridge;

  beforeEach(async () => {
    bridge = await CryptoBridge.start();
    await bridge.say('hello');
    await bridge.close();
  });

  afterEach(async () => {
    await bridge.stop();
  });

  it('starts again on the store that it had', async () => {
    await bridge.start();
  });

  it('refuses to start without the store, and makes none', async () => {
    rmSync(bridge.config.store, { recursive: true });
    await refused(/is gone, and with it the keys/);
    await refused(/is gone, and with it the keys/);
  });

  it('refuses another store', async () => {
    const other = await CryptoBridge.start();
    await other.close();
    rmSync(bridge.config.store, { recursive: true });
    cpSync(other.config.store, bridge.config.store, { recursive: true });
    await other.stop();
    await refused(/holds another crypto store/);
  });

  it('refuses an old copy of the store', async () => {
    const copy = join(await tempDir('crypto'), 'copy');
    cpSync(bridge.config.store, copy, { recursive: true });
    await bridge.start();
    await bridge.say('more', '@care_two:hospital.test' as UserId);
    await bridge.close();
    rmSync(bridge.config.store, { recursive: true });
    renameSync(copy, bridge.config.store);
    await refused(/an old copy was put back/);
  });

  it('L3 refuses an old copy of the store also where the database was put back with it, and takes a homeserver that was', async () => {
    const copy = join(await tempDir('crypto'), 'copy');
    const memory = (await bridge.settings.get('crypto.store')) ?? '';
    const accountData = new Map(bridge.homeserver.accountData);
    cpSync(bridge.config.store, copy, { recursive: true });
    await bridge.start();
    await bridge.close();
    for (const [path, data] of accountData) bridge.homeserver.accountData.set(path, data);
    await bridge.start();
    await bridge.close();
    rmSync(bridge.config.store, { recursive: true });
    renameSync(copy, bridge.config.store);
    await bridge.settings.set('crypto.store', memory);
    await refused(/holds an old copy of the crypto store/);
  });

  it('refuses another engine and a wrong passphrase', async () => {
    bridge.config = { ...bridge.config, engine: 'native' };
    await refused(/made by the engine "wasm"/);
    bridge.config = { ...bridge.config, engine: 'wasm', passphrase: 'wrong' };
    await refused(/made with another passphrase/);
  });

  it('refuses a store whose bot is not the one it knew', async () => {
    const memory = JSON.parse((await bridge.settings.get('crypto.store')) ?? '') as { bot: object };
    await bridge.settings.set('crypto.store', JSON.stringify({ ...memory, bot: { ...memory.bot, ed25519: 'x' } }));
    await refused(/holds other keys of the bot/);
  });

  it('refuses where the bot’s device is gone from the homeserver', async () => {
    bridge.homeserver.directory.users.get(BOT)?.clear();
    await refused(/device is gone from the homeserver/);
  });

  it('refuses where something else replaced the bot’s keys', async () => {
    const identity = bridge.homeserver.directory.identities.get(BOT);
    const master_key = { ...identity?.master_key, keys: { 'ed25519:other': 'other' } };
    bridge.homeserver.directory.identities.set(BOT, { ...identity, master_key } as never);
    await refused(/are not those of the crypto store/);
  });

  it('refuses to replace keys of an installation that is lost altogether', async () => {
    const { url } = bridge.homeserver;
    expect(url).to.be.a('string');
    rmSync(bridge.config.store, { recursive: true });
    bridge.settings.values.clear();
    const before = JSON.stringify(bridge.homeserver.directory.identities.get(BOT)?.master_key.keys);
    await refused(/already has encryption keys on the homeserver/);
    await refused(/already has encryption keys on the homeserver/);
    expect(JSON.stringify(bridge.homeserver.directory.identities.get(BOT)?.master_key.keys)).to.equal(before);
  });

  it('takes a store that only the database forgot', async () => {
    bridge.settings.values.clear();
    await bridge.start();
    expect(bridge.settings.values.get('crypto.store')).to.include('"storeId"');
  });

  it('begins with new keys after a reset, in rooms that exist', async () => {
    const old = new Set(bridge.homeserver.devices);
    expect(old.size).to.equal(2);
    expect(await reset()).to.equal(2);
    expect(bridge.homeserver.devices.size).to.equal(0);
    await bridge.start();
    await bridge.say('hello again');
    expect([...bridge.homeserver.devices].some((device) => old.has(device))).to.equal(false);
    await bridge.restart();
  });

  it('can be reset with a lost store, and twice', async () => {
    rmSync(bridge.config.store, { recursive: true });
    expect(await reset([GHOST])).to.equal(2);
    await reset([GHOST]);
    await bridge.start();
    await bridge.say('hello again');
  });

  it('can be reset with a damaged store', async () => {
    writeFileSync(join(bridge.config.store, 'crypto.db'), 'nonsense '.repeat(100));
    await refused(/damaged or no crypto store/);
    await reset([GHOST]);
    await bridge.start();
  });

  it('cannot be reset while the bridge is running', async () => {
    await bridge.start();
    const error: unknown = await reset().catch((reason: unknown) => reason);
    expect((error as Error).message).to.include('another Carebridge is running');
    expect(bridge.homeserver.devices.size).to.equal(2);
    expect(readFileSync(join(bridge.config.store, 'crypto.db')).length).to.be.greaterThan(0);
    await bridge.say('still there');
  });

  it('leaves the passphrase and the tokens out of what it remembers', async () => {
    const settings: MemorySettings = bridge.settings;
    expect([...settings.values.values()].join()).to.not.match(/passphrase|token/);
  });

  async function refused(message: RegExp): Promise<void> {
    const error: unknown = await bridge.start().catch((reason: unknown) => reason);
    await bridge.close();
    expect(error).to.be.instanceOf(ConfigError);
    expect((error as Error).message)
      .to.match(message)
      .and.to.include('carebridge reset-crypto');
  }

  async function reset(ghosts: UserId[] = []): Promise<number> {
    const { config, settings, http } = bridge;
    return await resetCrypto({ config, settings, http, bot: BOT, ghosts });
  }
});
