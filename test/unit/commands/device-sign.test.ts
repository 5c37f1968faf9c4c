/** The sign under a notice of the sign-in watch stands for the line that the notice shows, and for nothing more (A10). */
import { expect } from 'chai';
import { labelOf } from '../../../src/model/device-label.ts';
import type { EventId, UserId } from '../../../src/model/ids.ts';
import { END_DEVICE_SIGN } from '../../../src/model/rows.ts';
import { COMMAND_ROOM, GHOST, NAMESPACE, NURSE } from '../../support/fakes/test-bridge.ts';
import { DESK, LEE, LockFixture, SECOND } from './lock-fixture.ts';

describe('the sign under a notice about a device (A10)', () => {
  let fixture: LockFixture;
  let notice: EventId;

  beforeEach(async () => {
    fixture = await LockFixture.create();
    notice = await noticeAbout('PHONE');
  });

  async function noticeAbout(deviceId: string): Promise<EventId> {
    const device = { userId: LEE, device: labelOf(deviceId) };
    const words = { kind: 'message', text: 'a new device', device } as const;
    const row = {
      roomId: COMMAND_ROOM,
      sender: NAMESPACE.bot,
      notice: words,
      cause: `sign-in ${deviceId}`,
      trace: 'trace',
    };
    await fixture.storage.notices.add(row, Date.now());
    await fixture.bridge.pump();
    return fixture.said.at(-1)!.eventId;
  }

  const reacts = (sender: UserId, key = END_DEVICE_SIGN, to = notice) => fixture.reacts(key, sender, { to });
  const heard = () => fixture.said.length - 1;

  it('does what the line of the notice does for whoever put it there, and is answered under the notice', async () => {
    await reacts(DESK);
    // There are no accounts here: it was tried, as it would be if it was typed.
    expect(fixture.lastWords).to.equal(`There is no account ${LEE}. Nothing was done.`);
    const { content } = fixture.said.at(-1)!;
    expect(content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: notice } });
    expect(fixture.audited).to.deep.equal(['command.lost-device done begun', 'command.lost-device refused ended']);
    expect(fixture.storage.audited()[0]).to.include({ actor: DESK, target: LEE });
  });

  for (const deviceId of [
    '--dry-run',
    '--ticket=X',
    '@nurse:hospital.test',
    'a b',
    '',
    'PHONE\u200b',
    'é'.repeat(512),
  ]) {
    it(`ends a device whose id is ${JSON.stringify(deviceId.slice(0, 20))}: no words are read for it`, async () => {
      const about = await noticeAbout(deviceId);
      await reacts(DESK, END_DEVICE_SIGN, about);
      expect(fixture.lastWords).to.equal(`There is no account ${LEE}. Nothing was done.`);
      expect(fixture.storage.audited()[0]).to.include({ actor: DESK, target: LEE });
      expect(fixture.audited[0]).to.equal('command.lost-device done begun');
    });
  }

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
