import { expect } from 'chai';
import type { RoomId } from '../../../src/model/ids.ts';
import { RetryableError } from '../../../src/errors.ts';
import { silentLogger as log } from '../../../src/log.ts';
import { ensureCommandRoom } from '../../../src/services/ensure-command-room.ts';
import { FakeRooms } from '../../support/fakes/fake-rooms.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { ADMIN, CLERK, NAMESPACE, NURSE } from '../../support/fakes/test-bridge.ts';

describe('the command room', () => {
  it('is made once, with administrators and teams invited, and found again', async () => {
    const rooms = new FakeRooms(NAMESPACE.bot);
    const { settings } = memoryStorage();
    const made = await ensureCommandRoom({ rooms, settings, log, members: [ADMIN, NURSE] });
    expect(await ensureCommandRoom({ rooms, settings, log, members: [ADMIN, NURSE] })).to.equal(made);
    expect(rooms.rooms.size).to.equal(1);
    expect([...rooms.rooms.get(made)!.invited]).to.deep.equal([ADMIN, NURSE]);
  });

  it('is found by its name where the process died before it noted which one it is', async () => {
    const rooms = new FakeRooms(NAMESPACE.bot);
    const made = await ensureCommandRoom({ rooms, settings: memoryStorage().settings, log, members: [ADMIN] });
    const { settings } = memoryStorage();
    expect(await ensureCommandRoom({ rooms, settings, log, members: [ADMIN] })).to.equal(made);
    expect(await settings.get('command-room')).to.equal(made);
  });

  it('has those invited who were added to the configuration since, and nobody who is in it', async () => {
    const rooms = new FakeRooms(NAMESPACE.bot);
    const { settings } = memoryStorage();
    const room = '!commands' as RoomId;
    rooms.add(room);
    rooms.join(room, ADMIN);
    await settings.set('command-room', room);
    await ensureCommandRoom({ rooms, settings, log, members: [ADMIN, NURSE, CLERK] });
    expect([...rooms.rooms.get(room)!.invited]).to.deep.equal([NURSE, CLERK]);
  });

  it('lets nobody who cannot be invited keep the others out', async () => {
    const rooms = new FakeRooms(NAMESPACE.bot);
    const { settings } = memoryStorage();
    const room = '!commands' as RoomId;
    rooms.add(room);
    rooms.refuses.add(ADMIN);
    await settings.set('command-room', room);
    expect(await ensureCommandRoom({ rooms, settings, log, members: [ADMIN, NURSE] })).to.equal(room);
    expect([...rooms.rooms.get(room)!.invited]).to.deep.equal([NURSE]);
    rooms.inviteFault = new RetryableError('down');
    const fault = await ensureCommandRoom({ rooms, settings, log, members: [CLERK] }).catch((error: unknown) => error);
    expect(fault).to.equal(rooms.inviteFault);
  });
});
