import { expect } from 'chai';
import { defineCommand } from '../../../src/commands/command.ts';
import { RetryableError } from '../../../src/errors.ts';
import { ADMIN, COMMAND_ROOM } from '../../support/fakes/test-bridge.ts';
import { ServicesFixture } from './services-fixture.ts';

const AWAY_MS = 60_000;

describe('a command that waits for a server, over SQLite', () => {
  let fixture: ServicesFixture;
  let isAway: boolean;
  let runs: number;
  const slow = defineCommand({
    name: 'role sync',
    summary: 'x',
    effect: 'changes',
    where: 'command-room',
    permission: 'use-commands',
    parameters: {},
    preview: async () => ({ text: 'x', facts: {} }),
    run: async () => {
      runs++;
      if (isAway) throw new RetryableError('The directory is away.', { retryAfterMs: AWAY_MS });
      return { text: 'Read.' };
    },
  });

  beforeEach(async () => {
    [isAway, runs] = [true, 0];
    fixture = await ServicesFixture.create({ commands: [slow] });
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  it('says so, and does not hold up the commands after it; it is carried out once the server is back, and answered once', async () => {
    await fixture.bridge.writes(COMMAND_ROOM, '!care role sync', { sender: ADMIN });
    await fixture.bridge.writes(COMMAND_ROOM, '!care help', { sender: ADMIN });
    await fixture.bridge.pump();
    expect(fixture.adminsHeard).to.have.length(2);
    expect(fixture.adminsHeard[0]).to.include('This is not done yet: The directory is away.');
    expect(fixture.adminsHeard[1]).to.include('help');

    isAway = false;
    await fixture.after(AWAY_MS);
    expect([runs, fixture.adminsHeard.slice(2)]).to.deep.equal([2, ['Read.']]);
    await fixture.after(AWAY_MS);
    expect([runs, fixture.adminsHeard.length]).to.deep.equal([2, 3]);
  });
});
