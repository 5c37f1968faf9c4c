import { expect } from 'chai';
import sinon from 'sinon';
import { silentLogger as log } from '../../../src/log.ts';
import { RepairNotices } from '../../../src/services/repair-notices.ts';
import { RoomReports } from '../../../src/services/room-reports.ts';
import { steadyNow } from '../../../src/services/steady-clock.ts';
import { ROOM } from '../../support/care-room.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { waitFor } from '../../support/wait-for.ts';

const DAY_MS = 86_400_000;
const SPEECH = { delayMs: 1, gapMs: 5 };

describe('a clock that is set back by a day', () => {
  afterEach(() => sinon.restore());
  const setBack = () => sinon.stub(Date, 'now').returns(Date.now() - DAY_MS);

  it('does not move the time that waits go by', () => {
    const before = steadyNow();
    expect(Math.abs(before - Date.now())).to.be.lessThan(60_000);
    setBack();
    expect(steadyNow()).to.be.within(before, before + 60_000);
  });

  it('keeps no report from security', async () => {
    const told: string[] = [];
    const security = { tell: async (text: string) => void told.push(text) };
    await using reports = new RoomReports({ ...memoryStorage(), ...SPEECH, security, log });
    for (const why of ['one.', 'two.']) {
      await reports.set(ROOM, [{ rule: 'bot', why }]);
      await waitFor(`${why} to be told`, () => told.at(-1)?.includes(why));
      if (why === 'one.') setBack();
    }
  });

  it('keeps no words from the room', async () => {
    const said: string[] = [];
    const notifier = { say: async (_room: string, text: string) => void said.push(text) };
    await using notices = new RepairNotices({ ...SPEECH, notifier, log });
    for (const line of ['one.', 'two.']) {
      notices.add(ROOM, [line]);
      await waitFor(`${line} to be said`, () => said.at(-1)?.includes(line));
      if (line === 'one.') setBack();
    }
  });
});
