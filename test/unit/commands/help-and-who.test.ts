import { expect } from 'chai';
import { ADMIN, CLERK, COMMAND_ROOM, NURSE, VISITOR } from '../../support/fakes/test-bridge.ts';
import { CommandFixture } from './command-fixture.ts';

const PATIENT = '+12125550110';

describe('command help', () => {
  it('lists every command of the real list with prefix, usage and summary to whoever may do everything', async () => {
    const fixture = await CommandFixture.create();
    for (const text of ['!care', '!care help']) {
      const answer = await fixture.type(text, COMMAND_ROOM, ADMIN);
      for (const { usage, summary } of fixture.bridge.commands)
        expect(answer).to.include(`!care ${usage}\n    ${summary}`);
    }
  });

  it('shows only what the caller may do', async () => {
    const fixture = await CommandFixture.create();
    const answer = await fixture.type('!care help');
    const may = new Set(['use-commands', 'text-patients', 'record-consent', 'view-rooms']);
    for (const { usage, summary, permission } of fixture.bridge.commands) {
      const shown = answer?.includes(`!care ${usage}\n    ${summary}`);
      expect(shown, usage).to.equal(may.has(permission));
    }
  });

  it('shows one command in full', async () => {
    const fixture = await CommandFixture.create();
    const answer = await fixture.type('!care help TEXT');
    expect(answer).to.match(/^!care text <number> \[name\] \[--line <line>\] \[--born <born>\]\n/);
    expect(answer).to.include('number: the patient’s number (+1 212 555 0123)').and.to.include('--dry-run');
    expect(answer).not.to.include('!care who');
    expect(await fixture.type('!care help nothing')).to.equal('There is no such command that you may use.');
  });

  it('attaches the names for programs', async () => {
    const fixture = await CommandFixture.create();
    await fixture.type('!care help', COMMAND_ROOM, ADMIN);
    const { content } = fixture.world.sender.events.at(-1)!;
    const data = fixture.bridge.commands.map(({ name }) => name);
    expect(content['org.carebridge.answer']).to.deep.equal({ command: 'help', outcome: 'done', data });
  });

  it('answers staff and administrators, and nobody else', async () => {
    const fixture = await CommandFixture.create();
    for (const user of [NURSE, CLERK, ADMIN])
      expect(await fixture.type('!care help', COMMAND_ROOM, user)).to.include('!care text');
    expect(await fixture.type('!care help', COMMAND_ROOM, VISITOR)).to.match(/^Refused/);
  });
});

describe('command who', () => {
  it('shows the card again, with the masked number', async () => {
    const fixture = await CommandFixture.create();
    await fixture.type(`!care text ${PATIENT} Maria`);
    const { roomId } = await fixture.bridge.find(PATIENT);
    await fixture.bridge.joins(roomId!);
    const answer = await fixture.type('!care who', roomId);
    expect(answer).to.match(/^Maria, •••0110, on line front-desk\.\nConsent to texts: /);
    expect(answer).to.include('not encrypted beyond this point').and.not.to.include('12125550110');
  });

  it('says so where the name is not known', async () => {
    const fixture = await CommandFixture.create();
    const { roomId } = await fixture.bridge.conversation(PATIENT);
    expect(await fixture.type('!care who', roomId)).to.match(/^Name not known, •••0110/);
  });

  it('is of no use in the command room', async () => {
    const fixture = await CommandFixture.create();
    expect(await fixture.type('!care who')).to.equal('Use this in a patient’s room.');
  });
});
