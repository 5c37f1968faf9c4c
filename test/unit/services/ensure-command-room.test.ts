import { expect } from 'chai';
import type { RoomId } from '../../../src/model/ids.ts';
import { ensureCommandRoom } from '../../../src/services/ensure-command-room.ts';
import { ensureSecurityRoom } from '../../../src/services/ensure-security-room.ts';
import { ADMIN, NURSE, PHYSICIAN } from '../../support/care-room.ts';
import { GovernanceFixture } from '../../support/governance-fixture.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';

describe('the command room and the security room', () => {
  let fixture: GovernanceFixture;
  beforeEach(() => void (fixture = new GovernanceFixture()));
  afterEach(() => fixture[Symbol.asyncDispose]());

  const parts = (storage = fixture.storage) => ({ ...storage, make: fixture.make });

  it('is made once, with whoever may use commands asked in, governed, and found again', async () => {
    const { control, storage } = fixture;
    const made = await ensureCommandRoom(parts());
    expect(await ensureCommandRoom(parts())).to.equal(made);
    expect(control.created).to.have.length(1);
    expect(control.created[0]?.invite).to.have.members([ADMIN, NURSE]).and.not.include(PHYSICIAN);
    expect(await storage.governedRooms.find(made)).to.include({
      kind: 'command',
      phiClass: 'phi',
      opaqueId: 'command',
    });
    await fixture.look(made);
    expect(control.applied).to.deep.equal([]);
  });

  it('is found by its name where the process died before it noted which one it is', async () => {
    const made = await ensureCommandRoom(parts());
    const { settings } = memoryStorage();
    expect(await ensureCommandRoom({ ...parts(), settings })).to.equal(made);
    expect(await settings.get('command-room')).to.equal(made);
  });

  it('is governed where it was made by a version that governed none', async () => {
    const room = '!commands' as RoomId;
    await fixture.storage.settings.set('command-room', room);
    expect(await ensureCommandRoom(parts())).to.equal(room);
    expect(await ensureCommandRoom(parts())).to.equal(room);
    expect(await fixture.storage.governedRooms.all()).to.have.length(1);
  });

  it('has those asked in who got a role since', async () => {
    const made = await ensureCommandRoom(parts());
    const roles = fixture.policy.assigned.get(NURSE) ?? [];
    fixture.policy = { ...fixture.policy, assigned: new Map([...fixture.policy.assigned, [PHYSICIAN, roles]]) };
    await fixture.govern.sweepNow();
    expect(fixture.control.membership(made, PHYSICIAN)).to.equal('invite');
  });

  it('of security has whoever may watch it, and is made once', async () => {
    const made = await ensureSecurityRoom(parts());
    expect(await ensureSecurityRoom(parts())).to.equal(made);
    expect(fixture.control.created[0]?.invite).to.deep.equal([ADMIN]);
    await fixture.look(made);
    expect(fixture.control.applied).to.deep.equal([]);
  });
});
