import { expect } from 'chai';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import type { RoomId } from '../../../src/model/ids.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { ADMIN, COMMAND_ROOM, NAMESPACE, newWorld, TestBridge, type World } from '../../support/fakes/test-bridge.ts';

const PATIENT = '+12125550110';
const HOUR = 60 * 60_000;
const DOWN = { outcome: 'not-sent', detail: 'down' } as const;

describe('a text to a patient that was given up', () => {
  let clock: SinonFakeTimers;
  let world: World;
  let bridge: TestBridge;
  let roomId: RoomId;
  let reference: string;

  beforeEach(async () => {
    clock = useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    world = await newWorld(memoryStorage());
    bridge = new TestBridge(world);
    ({ roomId } = await bridge.conversation(PATIENT));
    world.plain.always = DOWN;
    await bridge.writes(roomId, 'See you on Monday.');
    await hours();
    reference = (await world.stores.parked.outbox.list(0, 1))[0]!.reference;
  });
  afterEach(() => clock.restore());

  const hours = async () => {
    for (let hour = 0; hour < 5; hour++) {
      await bridge.pump();
      clock.tick(HOUR);
    }
  };
  const command = async (line: string) => {
    await bridge.writes(COMMAND_ROOM, `!care ${line}`, { sender: ADMIN });
    await bridge.pump('events', 'notices');
    return world.sender.said(COMMAND_ROOM, NAMESPACE.bot).at(-1);
  };
  const told = () => world.sender.said(roomId, NAMESPACE.bot).slice(1);

  it('is sent once when it is retried by its reference, and whoever wrote it is told not to send it again', async () => {
    world.plain.always = undefined;
    const before = world.plain.textsTo(PATIENT).length;
    expect(await command(`parked retry ${reference}`)).to.equal('1 tried again.');
    await hours();
    expect(world.plain.textsTo(PATIENT).slice(before)).to.deep.equal(['See you on Monday.']);
    expect(told()).to.have.length(2);
    expect(told()[1]).to.match(/^This message is sent after all: .* Do not send it once more\. \(Reference \w+\)$/);
  });

  it('is not among `all`: it may have been sent again by hand', async () => {
    expect(await command('parked retry all')).to.match(
      /^Not tried again \(1\): a text to a patient is tried again by its own/,
    );
    expect(await world.stores.parked.outbox.count()).to.equal(1);
  });

  it('is told again, here and to the administrators, where it is given up again', async () => {
    await command(`parked retry ${reference}`);
    await hours();
    expect(told().filter((words) => words.startsWith('This message was not sent'))).to.have.length(2);
    const reports = world.sender
      .said(COMMAND_ROOM, NAMESPACE.bot)
      .filter((words) => words.startsWith('A text on line'));
    expect(reports).to.have.length(2);
  });

  it('is refused by the rules all the same: a STOP that came meanwhile holds (K3)', async () => {
    world.plain.always = undefined;
    await bridge.patientTexts(PATIENT, 'STOP');
    await bridge.pump();
    const before = world.plain.textsTo(PATIENT).length;
    await command(`parked retry ${reference}`);
    await hours();
    expect(world.plain.textsTo(PATIENT).slice(before)).to.deep.equal([]);
    expect(told().at(-1)).to.include('the patient opted out of texts');
  });
});
