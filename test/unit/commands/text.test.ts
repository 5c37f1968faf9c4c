import { expect } from 'chai';
import type { ConsentState } from '../../../src/model/consent.ts';
import { ADMIN, CLERK, COMMAND_ROOM, NURSE, TEXTS } from '../../support/fakes/test-bridge.ts';
import { CommandFixture } from './command-fixture.ts';

const PATIENT = '+12125550110';

describe('command text', () => {
  let fixture: CommandFixture;
  beforeEach(async () => void (fixture = await CommandFixture.create()));

  const TYPED: readonly (readonly [string, string, string | undefined])[] = [
    ['+12125550110', PATIENT, undefined],
    ['+1 212 555 0110', PATIENT, undefined],
    ['(212) 555-0110 Maria', PATIENT, 'Maria'],
    ['212.555.0110   Maria de la Cruz', PATIENT, 'Maria de la Cruz'],
    ['2125550110 Li', PATIENT, 'Li'],
    ['+44 20 7946 0018 Nigel', '+442079460018', 'Nigel'],
    ['212-555-0110, Maria', PATIENT, ', Maria'],
  ];
  for (const [typed, number, name] of TYPED) {
    it(`reads ${JSON.stringify(typed)}`, async () => {
      await fixture.type(`!care text ${typed}`);
      const { address, contact } = await fixture.bridge.find(number);
      expect({ number: address.number, name: contact.name }).to.deep.equal({ number, name });
    });
  }

  const MISTYPED: readonly string[] = [
    ...[
      '',
      'Maria',
      '911',
      '988',
      '5550110',
      '212 555 011',
      '212 555 01100',
      '+1 555 555 0110',
      '242424',
      'Maria 212 555 0110',
    ],
    ...['+', '()', '212 555 0110 x4', '212 555 0110 5', '--line', '+12125550110+12125550111', '-2125550110'],
  ];
  for (const typed of MISTYPED) {
    it(`does nothing for ${JSON.stringify(typed)} but says so`, async () => {
      const answer = await fixture.type(`!care text ${typed}`);
      expect(answer).to.match(/^(That is not a full phone number|Nothing was done: --line needs a value)/);
      await fixture.bridge.pump();
      expect([fixture.world.rooms.rooms.size, fixture.world.plain.calls.length]).to.deep.equal([1, 0]);
    });
  }

  it('opens the room, asks for consent once, and says where the room is', async () => {
    const answer = await fixture.type(`!care text ${PATIENT} Maria`);
    const { roomId } = await fixture.bridge.find(PATIENT);
    expect(answer)
      .to.include(`https://matrix.to/#/${encodeURIComponent(roomId!)}`)
      .and.to.include('is being asked for consent');
    await fixture.bridge.pump();
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal([TEXTS.warning]);
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
    expect([...fixture.world.rooms.rooms.get(roomId!)!.invited]).to.deep.equal([NURSE]);
  });

  it('shows neither number nor name to the homeserver (E4)', async () => {
    await fixture.type(`!care text ${PATIENT} Maria`);
    const { roomId, contact } = await fixture.bridge.find(PATIENT);
    const { plan } = fixture.world.rooms.rooms.get(roomId!)!;
    const visible = JSON.stringify([plan, contact.ghost, fixture.world.rooms.ghosts.get(contact.ghost), roomId]);
    expect(visible).not.to.match(/0110|Maria|2125/);
  });

  const STATES: readonly (readonly [ConsentState, string])[] = [
    ['warned', 'asked, no answer yet'],
    ['granted', 'granted'],
    ['declined', 'declined'],
    ['revoked', 'opted out (STOP)'],
  ];
  for (const [state, words] of STATES) {
    it(`does not ask again where consent is ${state}, but says so`, async () => {
      await fixture.bridge.conversation(PATIENT, state);
      const answer = await fixture.type(`!care text ${PATIENT}`);
      await fixture.bridge.pump();
      expect(answer).to.include(words);
      expect(fixture.world.plain.calls).to.deep.equal([]);
    });
  }

  it('asks once where two nurses type it at the same time', async () => {
    await fixture.type(`!care text ${PATIENT}`);
    await fixture.type(`!care text ${PATIENT}`, COMMAND_ROOM, CLERK);
    await fixture.type(`!care text ${PATIENT} --line billing`);
    await fixture.bridge.pump();
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal([TEXTS.warning]);
  });

  it('takes the line that is named, where the sender is in its team', async () => {
    for (const option of ['--line billing', '--line=billing']) {
      await fixture.type(`!care text ${PATIENT} ${option} Maria`);
      expect((await fixture.bridge.find(PATIENT, 1)).contact.name).to.equal('Maria');
    }
    const refused = await fixture.type(`!care text ${PATIENT} --line front-desk`, COMMAND_ROOM, CLERK);
    expect(refused).to.equal('You are not in the team of that line. Your lines: billing.');
    expect(await fixture.type(`!care text ${PATIENT} --line nowhere`)).to.include(
      'Your lines: front-desk, billing, photos.',
    );
  });

  it('takes the first line of the sender where none is named', async () => {
    await fixture.type(`!care text ${PATIENT}`, COMMAND_ROOM, CLERK);
    expect((await fixture.bridge.find(PATIENT, 1)).lineId).to.equal('billing');
  });

  it('refuses one of our own numbers', async () => {
    expect(await fixture.type('!care text +12125550101')).to.equal('That is one of our own numbers. Nothing was done.');
  });

  it('refuses a name that is no name', async () => {
    expect(await fixture.type(`!care text ${PATIENT} ${'x'.repeat(101)}`)).to.match(/^The name is too long/);
    expect(fixture.world.rooms.rooms.size).to.equal(1);
  });

  it('is refused to an administrator who is in no team', async () => {
    expect(await fixture.type(`!care text ${PATIENT}`, COMMAND_ROOM, ADMIN)).to.match(
      /^Refused: only members of a line’s team/,
    );
  });

  it('lets in a member who was added to the team after the room was made', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'granted', 1);
    fixture.world.rooms.rooms.get(roomId)!.invited.clear();
    await fixture.type(`!care text ${PATIENT}`, COMMAND_ROOM, CLERK);
    expect([...fixture.world.rooms.rooms.get(roomId)!.invited]).to.deep.equal([CLERK]);
  });

  it('asks the patient all the same where the sender cannot be invited', async () => {
    fixture.world.rooms.refuses.add(CLERK);
    await fixture.type(`!care text ${PATIENT}`, COMMAND_ROOM, CLERK);
    await fixture.bridge.pump();
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal([TEXTS.warning]);
  });

  it('can ask again where the warning did not leave', async () => {
    fixture.world.plain.answers.push({ outcome: 'refused', reason: 'unreachable', detail: 'x' });
    await fixture.type(`!care text ${PATIENT}`);
    await fixture.bridge.pump();
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
    await fixture.type(`!care text ${PATIENT}`);
    await fixture.bridge.pump();
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
    expect(fixture.world.plain.calls).to.have.length(2);
  });
});
