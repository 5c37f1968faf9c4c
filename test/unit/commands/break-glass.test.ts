import { expect } from 'chai';
import { breakGlassEndCommand } from '../../../src/commands/break-glass-end.ts';
import { breakGlassListCommand } from '../../../src/commands/break-glass-list.ts';
import { breakGlassCommand } from '../../../src/commands/break-glass.ts';
import type { Command, CommandCall, ReadArguments } from '../../../src/commands/command.ts';
import { UserError } from '../../../src/errors.ts';
import type { EventId, RoomId } from '../../../src/model/ids.ts';
import {
  breakGlassFixture,
  HOUR_MS,
  ON_CALL,
  PRIVACY,
  REASON,
  ROOM,
  type BreakGlassFixture,
} from '../services/break-glass-fixture.ts';

describe('the break-glass commands', () => {
  let fixture: BreakGlassFixture;
  let commands: Readonly<Record<'enter' | 'end' | 'list', Command>>;

  /** As the framework does after it has read the line. */
  const run = (command: Command, args: object, sender = ON_CALL, more: Partial<CommandCall> = {}) =>
    command.run(
      {
        sender,
        eventId: '$event' as EventId,
        repliesTo: undefined,
        trace: 't',
        ticket: undefined,
        room: { roomId: '!command' as RoomId, conversation: undefined },
        confirmedBy: undefined,
        typedAt: 0,
        attempts: 0,
        isRepeat: false,
        ...more,
      },
      args as ReadArguments,
    );
  const enter = { room: ROOM, reason: REASON, for: undefined };

  beforeEach(async () => {
    fixture = await breakGlassFixture({ unavailable: ['texts by kannel'] });
    const { grant: breakGlass, ending: endBreakGlass, storage } = fixture;
    const { emergencyAccess } = storage;
    commands = {
      enter: breakGlassCommand({ breakGlass }),
      end: breakGlassEndCommand({ endBreakGlass, emergencyAccess }),
      list: breakGlassListCommand({ emergencyAccess }),
    };
  });

  it('B1, B2, B3: tells how to join, until when, what is unavailable, and that earlier messages stay unread', async () => {
    const { text, audit } = await run(commands.enter, enter);
    for (const words of [
      `https://matrix.to/#/${encodeURIComponent(ROOM)}`,
      'until 2026-03-01 13:00 UTC',
      'Accept',
      'UNAVAILABLE now: texts by kannel',
      'Joining does not decrypt what was written before',
      'does not pass earlier keys on',
    ]) {
      expect(text).to.include(words);
    }
    expect(JSON.stringify(audit)).not.to.include('collapsed');
  });

  it('B1: refuses without a reason, also in the preview', async () => {
    const wrong = { ...enter, reason: 'test' };
    for (const attempt of [
      () => run(commands.enter, wrong),
      () => commands.enter.preview?.({ sender: ON_CALL } as CommandCall, wrong as never),
    ]) {
      const fault: unknown = await Promise.resolve(attempt()).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(UserError).with.property('message').that.includes('Say why');
    }
  });

  it('only shows what it would do where asked to', async () => {
    const shown = await commands.enter.preview?.(
      { sender: ON_CALL } as CommandCall,
      { ...enter, for: 2 * HOUR_MS } as never,
    );
    expect(shown?.text).to.include('for 2h');
    expect(await fixture.storage.emergencyAccess.open()).to.deep.equal([]);
  });

  it('ends the only access there is without being told whose it is, and says once more that it is over when repeated', async () => {
    await run(commands.enter, enter);
    const { text } = await run(commands.end, { room: ROOM, user: undefined }, PRIVACY);
    expect(text).to.equal(`The emergency access of ${ON_CALL} is over.`);
    const again = await run(commands.end, { room: ROOM, user: undefined }, PRIVACY, { isRepeat: true });
    expect(again.text).to.equal('Nobody has such emergency access now.');
    const fault = await run(commands.end, { room: ROOM, user: undefined }, PRIVACY).catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(UserError);
  });

  it('B1: asks whose to end where several have access, also where the process may have died before', async () => {
    await run(commands.enter, enter);
    const [open] = await fixture.storage.emergencyAccess.open();
    await fixture.storage.emergencyAccess.grant({ ...open!, id: 'another', userId: PRIVACY });
    for (const isRepeat of [false, true]) {
      const end = run(commands.end, { room: ROOM, user: undefined }, PRIVACY, { isRepeat });
      expect(((await end.catch((error: unknown) => error)) as Error).message).to.match(
        /^Say whose: .*Nothing was done/,
      );
    }
    expect(await fixture.storage.emergencyAccess.open()).to.have.length(2);
  });

  it('says so where it cannot be ended', async () => {
    await run(commands.enter, enter);
    fixture.room.isLeaky = true;
    const answer = await run(commands.end, { room: ROOM, user: ON_CALL }, PRIVACY);
    expect(answer).to.include({ outcome: 'failed' });
    expect(answer.text).to.include('Not ended');
  });

  it('B1: lists who, where, when and why', async () => {
    await run(commands.enter, enter);
    const day = { from: '2026-03-01', to: '2026-03-01' };
    const { text, data } = await run(commands.list, day, PRIVACY);
    expect(text)
      .to.include(`2026-03-01 12:00 UTC ${ON_CALL} in ${ROOM}, OPEN until 2026-03-01 13:00 UTC`)
      .and.include(REASON);
    expect(JSON.stringify(data)).not.to.include('collapsed');
    expect((await run(commands.list, { from: '2026-02-01', to: '2026-02-28' }, PRIVACY)).text).to.include('Nobody');
    for (const wrong of [{ from: '2026-13-45' }, { from: '2026-03-02', to: '2026-03-01' }]) {
      const fault = await run(commands.list, wrong, PRIVACY).catch((e: unknown) => e);
      expect(fault).to.be.instanceOf(UserError);
    }
  });
});
