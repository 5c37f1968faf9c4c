/** What every encryption engine must do. */
import { expect } from 'chai';
import type { Decryption, OlmEngine, OlmMachine, OlmRequest } from '../../src/matrix/crypto/olm-engine.ts';
import type { RoomId, UserId } from '../../src/model/ids.ts';
import { KeyDirectory } from './key-directory.ts';

/** One engine over one store, that can be closed and opened again. */
export interface EngineFixture {
  engine: OlmEngine;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const ROOM = '!room:hospital.test' as RoomId;
const ghost = '@ghost:hospital.test' as UserId;
const bot = '@bot:hospital.test' as UserId;
const nurse = '@nurse:hospital.test' as UserId;
const NUMBERS: Readonly<Record<string, number>> = { [ghost]: 1, [bot]: 2, [nurse]: 3 };

/** Declares the contract's tests. */
export function describeEngineContract(name: string, open: () => Promise<EngineFixture>): void {
  describe(`${name} engine`, function () {
    this.timeout(30_000);
    let fixture: EngineFixture;
    let directory: KeyDirectory;
    const machines = new Map<UserId, OlmMachine>();

    beforeEach(async () => {
      fixture = await open();
      directory = new KeyDirectory();
    });

    afterEach(async () => {
      await closeMachines();
      await fixture.close();
    });

    it('is what the configuration calls it', () => {
      expect(fixture.engine.name).to.equal(name);
    });

    it('answers the same requests until they are marked as sent', async () => {
      const machine = await load(ghost);
      const [first] = await machine.outgoingRequests();
      const [again] = await machine.outgoingRequests();
      expect(first?.kind).to.equal('keys-upload');
      expect(JSON.parse(again?.body ?? '')).to.have.nested.property('device_keys.device_id', 'DEVICE');
      if (again) await send(ghost, again);
      const kinds = (await machine.outgoingRequests()).map(({ kind }) => kind);
      expect(kinds).to.not.include('keys-upload');
    });

    it('makes the cross-signing identity once', async () => {
      await load(ghost);
      const first = await signingKeys(ghost);
      expect(await signingKeys(ghost)).to.equal(first);
      await reopen();
      await load(ghost);
      expect(await signingKeys(ghost)).to.equal(first);
    });

    it('carries a message from a send-only device to one that requires cross-signing', async () => {
      await publish(ghost, bot);
      const message = await say(ghost, 'hello', [bot]);
      expect(await receive(bot)).to.equal(true);
      const clear = await read(bot, ghost, message);
      expect(clear.outcome).to.equal('clear');
      if (clear.outcome === 'clear') expect(JSON.parse(clear.event)).to.have.nested.property('content.body', 'hello');
    });

    it('keeps the relation readable for the homeserver', async () => {
      await publish(ghost, bot);
      const relation = { 'm.in_reply_to': { event_id: '$asked' } };
      const content = JSON.parse(await say(ghost, 'hello', [bot], { 'm.relates_to': relation })) as object;
      expect(content).to.have.deep.property('m.relates_to', relation);
    });

    it('says that the key is missing until it has come', async () => {
      await publish(ghost, bot);
      const message = await say(ghost, 'hello', [bot]);
      expect(await read(bot, ghost, message)).to.deep.equal({ outcome: 'no-key' });
      await receive(bot);
      expect((await read(bot, ghost, message)).outcome).to.equal('clear');
    });

    it('accepts an author whose device is not cross-signed only where that is allowed', async () => {
      await publish(bot);
      const machine = await load(nurse);
      for (const request of await machine.outgoingRequests()) await send(nurse, request);
      const identity = await machine.bootstrapCrossSigning();
      for (const request of identity.filter(({ kind }) => kind !== 'signatures-upload')) await send(nurse, request);
      const message = await say(nurse, 'an order', [bot]);
      await receive(bot);
      expect(await read(bot, nurse, message)).to.deep.equal({ outcome: 'untrusted' });
      expect((await read(bot, nurse, message, 'any')).outcome).to.equal('clear');
    });

    it('gives no key to devices that are not cross-signed', async () => {
      await publish(ghost);
      const machine = await load(bot);
      for (const request of await machine.outgoingRequests()) await send(bot, request);
      const message = await say(ghost, 'hello', [bot]);
      await receive(bot);
      expect(await read(bot, ghost, message)).to.deep.equal({ outcome: 'no-key' });
    });

    it('refuses what was tampered with', async () => {
      await publish(ghost, bot);
      const message = JSON.parse(await say(ghost, 'hello', [bot])) as { ciphertext: string };
      await receive(bot);
      const middle = Math.floor(message.ciphertext.length / 2);
      const changed = message.ciphertext[middle] === 'A' ? 'B' : 'A';
      const ciphertext = message.ciphertext.slice(0, middle) + changed + message.ciphertext.slice(middle + 1);
      expect(await read(bot, ghost, JSON.stringify({ ...message, ciphertext }))).to.deep.equal({ outcome: 'broken' });
    });

    it('goes on where it was after it was closed', async () => {
      await publish(ghost, bot);
      const first = JSON.parse(await say(ghost, 'one', [bot])) as { session_id: string };
      const { deviceKeys } = await load(ghost);
      await reopen();
      expect((await load(ghost)).deviceKeys).to.deep.equal(deviceKeys);
      const second = JSON.parse(await say(ghost, 'two', [bot])) as { session_id: string };
      expect(second.session_id).to.equal(first.session_id);
      await receive(bot);
      for (const message of [first, second])
        expect((await read(bot, ghost, JSON.stringify(message))).outcome).to.equal('clear');
    });

    it('hands out a key again that was not marked as sent', async () => {
      await publish(ghost, bot);
      await prepare(ghost, [bot]);
      const unsent = await (await load(ghost)).shareRoomKey(ROOM, [bot]);
      expect(unsent.map(({ kind }) => kind)).to.deep.equal(['to-device']);
      await reopen();
      const again = await (await load(ghost)).shareRoomKey(ROOM, [bot]);
      expect(again.map(({ txnId }) => txnId)).to.deep.equal(unsent.map(({ txnId }) => txnId));
    });

    it('starts a new session when one is used up, and when somebody left', async () => {
      await publish(ghost, bot, nurse);
      const sessions = new Set<string>();
      for (let count = 0; count < 101; count++) sessions.add(sessionOf(await say(ghost, 'again', [bot, nurse])));
      expect(sessions.size).to.equal(2);
      sessions.add(sessionOf(await say(ghost, 'without the nurse', [bot])));
      expect(sessions.size).to.equal(3);
    });

    it('starts a new session when the room’s key was dropped, and fine where there is none', async () => {
      await publish(ghost, bot, nurse);
      await (await load(ghost)).dropRoomKey(ROOM);
      const before = sessionOf(await say(ghost, 'one', [bot, nurse]));
      await (await load(ghost)).dropRoomKey(ROOM);
      expect(sessionOf(await say(ghost, 'two', [bot, nurse]))).to.not.equal(before);
    });

    async function load(user: UserId): Promise<OlmMachine> {
      const known = machines.get(user);
      if (known) return known;
      const machine = await fixture.engine.open({ userId: user, deviceId: 'DEVICE', number: NUMBERS[user] ?? 0 });
      machines.set(user, machine);
      return machine;
    }

    async function closeMachines(): Promise<void> {
      for (const machine of machines.values()) await machine.close();
      machines.clear();
    }

    async function reopen(): Promise<void> {
      await closeMachines();
      await fixture.reopen();
    }

    async function send(user: UserId, request: OlmRequest): Promise<void> {
      await (await load(user)).markSent(request, directory.answer(user, 'DEVICE', request));
    }

    async function publish(...users: UserId[]): Promise<void> {
      for (const user of users) {
        const machine = await load(user);
        for (const request of await machine.outgoingRequests()) await send(user, request);
        for (const request of await machine.bootstrapCrossSigning()) await send(user, request);
      }
    }

    async function signingKeys(user: UserId): Promise<string> {
      const requests = await (await load(user)).bootstrapCrossSigning();
      const { body = '{}' } = requests.find(({ kind }) => kind === 'signing-keys-upload') ?? {};
      const keys = JSON.parse(body) as Record<string, { keys: object }>;
      return JSON.stringify([keys['master_key']?.keys, keys['self_signing_key']?.keys]);
    }

    async function track(user: UserId, others: readonly UserId[]): Promise<void> {
      const machine = await load(user);
      await machine.track(others);
      for (const request of await machine.outgoingRequests()) await send(user, request);
    }

    async function prepare(user: UserId, others: readonly UserId[]): Promise<void> {
      await track(user, others);
      const claim = await (await load(user)).missingSessions(others);
      if (claim) await send(user, claim);
    }

    async function say(user: UserId, body: string, others: readonly UserId[], more: object = {}): Promise<string> {
      await prepare(user, others);
      const machine = await load(user);
      for (const request of await machine.shareRoomKey(ROOM, others)) await send(user, request);
      return await machine.encrypt(ROOM, 'm.room.message', JSON.stringify({ msgtype: 'm.text', body, ...more }));
    }

    async function receive(user: UserId): Promise<boolean> {
      const toDevice = JSON.stringify(directory.takeInbox(user, 'DEVICE'));
      const oneTimeKeys = directory.counts(user, 'DEVICE');
      return await (await load(user)).receiveSync({ toDevice, changed: [], oneTimeKeys, unusedFallbackTypes: [] });
    }

    async function read(
      user: UserId,
      sender: UserId,
      content: string,
      trust: 'any' | 'cross-signed' = 'cross-signed',
    ): Promise<Decryption> {
      // The reader knows the author, as it does from the room's members.
      await track(user, [sender]);
      const event = {
        type: 'm.room.encrypted',
        event_id: '$event',
        sender,
        origin_server_ts: 1,
        room_id: ROOM,
        content: JSON.parse(content) as object,
      };
      return await (await load(user)).decrypt(JSON.stringify(event), ROOM, trust);
    }
  });
}

function sessionOf(content: string): string {
  return (JSON.parse(content) as { session_id: string }).session_id;
}
