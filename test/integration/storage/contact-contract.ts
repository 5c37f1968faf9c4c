/** What the conversations, the consents and the small stores promise. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { BirthDate } from '../../../src/model/identity.ts';
import type { AddressId, ContactId, EventId } from '../../../src/model/ids.ts';
import { LINE, newGhost, OTHER_LINE, OTHER_PATIENT, OTHER_ROOM, PATIENT, ROOM } from './builders.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const NOW = 1_000_000;

/** Defines the tests on `bench`. */
export function contactContract(bench: StorageBench): void {
  const use = storageForEach(bench);

  describe('conversations', () => {
    it('makes one conversation, contact and ghost however many ask at once', async () => {
      const made = await Promise.all(
        Array.from({ length: 30 }, () => use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost)),
      );
      expect(new Set(made.map(({ id }) => id))).to.have.length(1);
      expect(new Set(made.map(({ contact }) => contact.ghost))).to.have.length(1);
      expect([
        await use.count('contacts'),
        await use.count('addresses'),
        await use.count('conversations'),
      ]).to.deep.equal([1, 1, 1]);
    });

    it('shares the contact and address of a number between lines, and finds all', async () => {
      const one = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      const two = await use.storage.conversations.findOrCreate(OTHER_LINE, PATIENT, newGhost);
      await use.storage.conversations.findOrCreate(LINE, OTHER_PATIENT, newGhost);
      expect(two.id).not.to.equal(one.id);
      expect(two.address).to.deep.equal(one.address);
      expect(two.contact).to.deep.equal(one.contact);
      expect(await use.storage.conversations.findAddress(PATIENT)).to.deep.equal(one.address);
      expect(await use.storage.conversations.findByAddress(one.address.id)).to.have.deep.members([one, two]);
      expect(await use.storage.conversations.ghosts()).to.include(one.contact.ghost);
      expect(await use.storage.conversations.findAddress('+12125550199' as typeof PATIENT)).to.equal(undefined);
    });

    it('shows every change at once, by every way to find it', async () => {
      const { conversations } = use.storage;
      const made = await conversations.findOrCreate(LINE, PATIENT, newGhost);
      expect(made).to.include({ lineId: LINE, roomId: undefined, isIntroduced: false });
      expect(made.contact.name).to.equal(undefined);
      await conversations.setRoom(made.id, ROOM);
      await conversations.findByRoom(ROOM);
      await conversations.setRoom(made.id, OTHER_ROOM);
      await conversations.markIntroduced(made.id);
      await conversations.setName(made.contact, 'Ada Planted');
      const expected = {
        ...made,
        roomId: OTHER_ROOM,
        isIntroduced: true,
        contact: { ...made.contact, name: 'Ada Planted' },
      };
      expect(await conversations.withRooms()).to.deep.equal([
        { id: made.id, lineId: LINE, roomId: OTHER_ROOM, contactId: made.contact.id, ghost: made.contact.ghost },
      ]);
      expect(await conversations.findByRoom(ROOM)).to.equal(undefined);
      for (const found of [
        await conversations.find(made.id),
        await conversations.findByRoom(OTHER_ROOM),
        await conversations.findOrCreate(LINE, PATIENT, newGhost),
      ]) {
        expect(found).to.deep.equal(expected);
      }
      await use.reopen();
      expect(await use.storage.conversations.findByRoom(OTHER_ROOM)).to.deep.equal(expected);
      await use.storage.conversations.replaceRoom(made.id, ROOM);
      expect(await use.storage.conversations.find(made.id)).to.deep.equal({
        ...expected,
        roomId: ROOM,
        isIntroduced: false,
      });
    });

    it('remembers nothing of a transaction that was rolled back', async () => {
      const { conversations, transactions } = use.storage;
      const made = await conversations.findOrCreate(LINE, PATIENT, newGhost);
      await transactions
        .run(async () => {
          await conversations.setRoom(made.id, ROOM);
          expect((await conversations.findByRoom(ROOM))?.id).to.equal(made.id);
          await conversations.findOrCreate(OTHER_LINE, OTHER_PATIENT, newGhost);
          throw new Error('no');
        })
        .catch(() => undefined);
      expect(await conversations.findByRoom(ROOM)).to.equal(undefined);
      expect(await conversations.find(made.id)).to.deep.equal(made);
      expect(await conversations.findAddress(OTHER_PATIENT)).to.equal(undefined);
    });
  });

  describe('consents', () => {
    const record = (addressId: AddressId, contactId: ContactId, cause: string, at = NOW) => ({
      addressId,
      contactId,
      cause,
      at,
      actor: 'patient',
      evidence: 'YES please',
      ...({ state: 'granted', method: 'sms', wordingVersion: '2026-11' } as const),
    });

    it('appends each cause once, answers the newest and all in order', async () => {
      const { address } = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      expect(await use.storage.consents.latest(address.id)).to.equal(undefined);
      const first = record(address.id, address.contactId, 'inbox:1', NOW + 10);
      expect(await use.storage.consents.append(first)).to.equal(true);
      expect(await use.storage.consents.append(first)).to.equal(false);
      // The clock was set back meanwhile.
      expect(await use.storage.consents.append({ ...first, state: 'revoked', cause: 'inbox:2', at: NOW })).to.equal(
        true,
      );
      expect(await use.storage.consents.latest(address.id)).to.deep.include({
        ...first,
        state: 'revoked',
        cause: 'inbox:2',
        at: NOW,
      });
      expect((await use.storage.consents.history(address.id)).map(({ cause }) => cause)).to.deep.equal([
        'inbox:1',
        'inbox:2',
      ]);
    });

    it('a STOP that comes while somebody decides by the newest record is not overwritten', async () => {
      const { address } = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      const { consents, transactions } = use.storage;
      const [looked, stopIsAtWork] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const deciding = transactions.run(async () => {
        const before = await consents.latest(address.id);
        looked.resolve();
        await stopIsAtWork.promise;
        await consents.append({ ...record(address.id, address.contactId, 'outbox:1'), state: 'warned' });
        return before;
      });
      await looked.promise;
      const stop = consents.append({ ...record(address.id, address.contactId, 'inbox:1'), state: 'revoked' });
      // Committed at once where nothing holds it back.
      await Promise.race([stop, sleep(100)]);
      stopIsAtWork.resolve();
      expect(await deciding).to.equal(undefined);
      await stop;
      expect((await consents.latest(address.id))?.state).to.equal('revoked');
    });

    const CHANGES = ["UPDATE consents SET state = 'none'", 'DELETE FROM consents'];
    for (const change of CHANGES) {
      it(`refuses ${change} from whoever connects`, async () => {
        const { address } = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
        await use.storage.consents.append(record(address.id, address.contactId, 'inbox:1'));
        const refused = await bench.sql(use.config, change).then(
          () => 'done',
          (error: unknown) => String(error),
        );
        expect(refused).to.match(/append-only/);
        expect((await use.storage.consents.latest(address.id))?.state).to.equal('granted');
      });
    }
  });

  describe('identities (G3)', () => {
    const record = (addressId: AddressId, contactId: ContactId, cause: string) => ({
      addressId,
      contactId,
      cause,
      at: NOW,
      actor: 'patient',
      evidence: '2 Mar 1980',
      failures: 1,
      ...({ state: 'asked', method: 'sms', wordingVersion: '2026-11' } as const),
    });

    it('appends each cause once, answers the newest and all in order', async () => {
      const { address } = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      const { identities } = use.storage;
      expect(await identities.latest(address.id)).to.equal(undefined);
      const first = record(address.id, address.contactId, 'inbox:1');
      expect(await identities.append(first)).to.equal(true);
      expect(await identities.append({ ...first, state: 'locked' })).to.equal(false);
      expect(await identities.append({ ...first, state: 'verified', failures: 0, cause: 'inbox:2' })).to.equal(true);
      await use.reopen();
      expect(await use.storage.identities.latest(address.id)).to.deep.include({ state: 'verified', failures: 0 });
      const [oldest, ...more] = await use.storage.identities.history(address.id);
      expect(oldest).to.deep.include(first);
      expect(more).to.have.length(1);
    });

    it('keeps a date of birth, encrypted, beside the name', async () => {
      const { address, contact } = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
      const { identities, conversations } = use.storage;
      expect(await identities.birthDate(contact.id)).to.equal(undefined);
      await identities.setBirthDate(contact.id, '1980-03-02' as BirthDate);
      await conversations.setName(contact, 'Ada Planted');
      await identities.append(record(address.id, contact.id, 'inbox:1'));
      expect(await identities.birthDate(contact.id)).to.equal('1980-03-02');
      expect(await bench.sql(use.config, 'SELECT birth_date FROM contacts')).not.to.include('1980-03-02');
      expect(await use.count('contacts', "birth_date LIKE '%1980%'")).to.equal(0);
      expect(await use.count('identity_checks', "evidence LIKE '%1980%'")).to.equal(0);
    });

    for (const change of ["UPDATE identity_checks SET state = 'verified'", 'DELETE FROM identity_checks']) {
      it(`refuses ${change} from whoever connects`, async () => {
        const { address } = await use.storage.conversations.findOrCreate(LINE, PATIENT, newGhost);
        await use.storage.identities.append(record(address.id, address.contactId, 'inbox:1'));
        const refused = await bench.sql(use.config, change).then(
          () => 'done',
          (error: unknown) => String(error),
        );
        expect(refused).to.match(/append-only/);
      });
    }
  });

  it('settings: keeps and replaces', async () => {
    expect(await use.storage.settings.get('command-room')).to.equal(undefined);
    await use.storage.settings.set('command-room', ROOM);
    await use.storage.settings.set('command-room', OTHER_ROOM);
    expect(await use.storage.settings.get('command-room')).to.equal(OTHER_ROOM);
  });

  it('media: indexes a file once', async () => {
    const entry = {
      eventId: '$e' as EventId,
      roomId: ROOM,
      mxc: 'mxc://hospital.test/a',
      sha256: 'ab'.repeat(32),
      at: NOW,
    };
    await use.storage.media.add(entry);
    await use.storage.media.add(entry);
    expect(await use.count('media')).to.equal(1);
  });
}
