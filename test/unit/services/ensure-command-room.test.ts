import { expect } from 'chai';
import type { RoomId } from '../../../src/model/ids.ts';
import { ensureCommandRoom } from '../../../src/services/ensure-command-room.ts';
import { silentLogger } from '../../../src/log.ts';
import { replaceLostRooms } from '../../../src/services/replace-lost-rooms.ts';
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

  it('A3 are replaced at start where the bot is out, once, with those of a role asked in, and security is told', async () => {
    const { storage, control } = fixture;
    const [command, security] = [await ensureCommandRoom(parts()), await ensureSecurityRoom(parts())];
    const lost = new Set<RoomId>();
    const told: string[] = [];
    const lostParts = {
      ...{ ...parts(), log: silentLogger, namespace: fixture.policy.namespace },
      rooms: { isIn: async (roomId: RoomId) => !lost.has(roomId) },
      security: { tell: async (text: string) => void told.push(text) },
    };
    await replaceLostRooms(lostParts);
    expect(control.created).to.have.length(2);
    lost.add(command).add(security);
    await replaceLostRooms(lostParts);
    await replaceLostRooms(lostParts);
    expect(control.created.slice(2).map(({ invite }) => invite)).to.deep.equal([
      control.created[0]?.invite,
      control.created[1]?.invite,
    ]);
    const [made] = await storage.governedRooms.ofKind('command');
    expect(made?.roomId).to.not.equal(command);
    expect(await ensureCommandRoom(parts())).to.equal(made?.roomId);
    expect(await storage.governedRooms.all()).to.have.length(2);
    expect(told.map((text) => text.split(' ').slice(0, 3).join(' '))).to.deep.equal([
      ...['The command room', 'The security room'],
    ]);
    expect(storage.audited().map(({ action, actor }) => `${action} ${actor}`)).to.deep.equal([
      ...['room.replace carebridge', 'room.replace carebridge'],
    ]);
  });

  it('of security has whoever may watch it, and is made once', async () => {
    const made = await ensureSecurityRoom(parts());
    expect(await ensureSecurityRoom(parts())).to.equal(made);
    expect(fixture.control.created[0]?.invite).to.deep.equal([ADMIN]);
    await fixture.look(made);
    expect(fixture.control.applied).to.deep.equal([]);
  });
});
