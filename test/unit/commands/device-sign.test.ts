/** The sign under a notice of the sign-in watch stands for the line that the notice shows, and for nothing more (A10). */
import { expect } from 'chai';
import type { EventId, UserId } from '../../../src/model/ids.ts';
import { END_DEVICE_SIGN } from '../../../src/model/rows.ts';
import { COMMAND_ROOM, GHOST, NAMESPACE, NURSE } from '../../support/fakes/test-bridge.ts';
import { DESK, LEE, LockFixture, SECOND } from './lock-fixture.ts';

describe('the sign under a notice about a device (A10)', () => {
  let fixture: LockFixture;
  let notice: EventId;

  beforeEach(async () => {
    fixture = await LockFixture.create();
    const device = { userId: LEE, deviceId: 'PHONE' };
    const words = { kind: 'message', text: 'a new device', device } as const;
    const row = { roomId: COMMAND_ROOM, sender: NAMESPACE.bot, notice: words, cause: 'sign-in', trace: 'trace' };
    await fixture.storage.notices.add(row, Date.now());
    await fixture.bridge.pump();
    notice = fixture.said.at(-1)!.eventId;
  });

  const reacts = (sender: UserId, key = END_DEVICE_SIGN, to = notice) => fixture.reacts(key, sender, { to });
  const heard = () => fixture.said.length - 1;

  it('types the line for whoever put it there, and is answered under the notice', async () => {
    await reacts(DESK);
    // There are no accounts here: it was tried, as it would be if it was typed.
    expect(fixture.lastWords).to.equal(`There is no account ${LEE}. Nothing was done.`);
    const { content } = fixture.said.at(-1)!;
    expect(content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: notice } });
    expect(fixture.audited).to.deep.equal(['command.lost-device done begun', 'command.lost-device refused ended']);
    expect(fixture.storage.audited()[0]).to.include({ actor: DESK, target: LEE });
  });

  it('is refused where whoever put it there may not end sessions, which is on record', async () => {
    await reacts(NURSE);
    expect(fixture.lastWords).to.match(/^Refused: you may not end sessions/);
    await reacts('@admin:evil.test' as UserId);
    expect(fixture.lastWords).to.equal('Refused: only users of this homeserver can use commands.');
    expect(fixture.audited).to.deep.equal([
      'command.lost-device refused refused permission',
      'command.lost-device refused refused user',
    ]);
  });

  it('is heard neither of the bot nor of ghosts', async () => {
    await reacts(NAMESPACE.bot);
    await reacts(GHOST);
    expect(heard()).to.equal(0);
  });

  for (const key of ['✅', '👍', '🚫', '🛑🛑', '❌', '']) {
    it(`is not ${JSON.stringify(key)}`, async () => {
      await reacts(DESK, key);
      expect(heard()).to.equal(0);
      expect(fixture.audited).to.deep.equal([]);
    });
  }

  it('means nothing under another event, or once the device is gone', async () => {
    await fixture.type(`!care lock ${LEE} phone lost`, SECOND);
    await reacts(SECOND, END_DEVICE_SIGN, fixture.prompt);
    await reacts(DESK, END_DEVICE_SIGN, '$other' as EventId);
    expect(fixture.accounts.runs).to.equal(0);
    expect(fixture.audited).to.deep.equal(['command.lock done asked']);
  });
});
