import { expect } from 'chai';
import type { ConsentState } from '../../../src/model/consent.ts';
import { ADMIN, CLERK, COMMAND_ROOM, NURSE } from '../../support/fakes/test-bridge.ts';
import { CommandFixture } from './command-fixture.ts';

const PATIENT = '+12125550110';

describe('command consent (J2)', () => {
  let fixture: CommandFixture;
  beforeEach(async () => void (fixture = await CommandFixture.create()));
  const history = async () => {
    const { address } = await fixture.bridge.find(PATIENT);
    return fixture.world.stores.consents.history(address.id);
  };

  const USAGE = /^Say what to do: consent \[<number>\] show \| record/;
  const NO_NUMBER = /^That is not a full phone number/;
  const NOT_RECORDED = /^Not recorded: say how and what/;
  const MISTYPED: readonly (readonly [string, RegExp])[] = [
    ['', NO_NUMBER],
    ['show', NO_NUMBER],
    ['record verbal yes', NO_NUMBER],
    ['212 555 show', NO_NUMBER],
    [PATIENT, USAGE],
    [`${PATIENT} grant`, USAGE],
    [`${PATIENT} shw`, USAGE],
    [`${PATIENT} toString`, USAGE],
    [`${PATIENT} record`, NOT_RECORDED],
    [`${PATIENT} record verbal`, NOT_RECORDED],
    [`${PATIENT} record paper   `, NOT_RECORDED],
    [`${PATIENT} record told on the phone`, NOT_RECORDED],
    [`${PATIENT} record sms said yes`, NOT_RECORDED],
    [`${PATIENT} record carrier said yes`, NOT_RECORDED],
    [`${PATIENT} revoke`, /^Not revoked: say why/],
    [`${PATIENT} revoke  `, /^Not revoked: say why/],
  ];
  for (const [typed, expected] of MISTYPED) {
    it(`records nothing for ${JSON.stringify(typed)} but says what is missing`, async () => {
      expect(await fixture.type(`!care consent ${typed}`)).to.match(expected);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
    });
  }

  for (const method of ['verbal', 'paper', 'Verbal', 'PAPER']) {
    it(`records ${method} consent with who, how, the words, the wording and when`, async () => {
      const answer = await fixture.type(`!care consent ${PATIENT} record ${method} told of the risk, wants texts`);
      expect(answer).to.match(/^Recorded: consent to texts is granted/);
      const [record, ...more] = await history();
      expect(more).to.deep.equal([]);
      expect(record).to.include({
        state: 'granted',
        method: method.toLowerCase(),
        evidence: 'told of the risk, wants texts',
        wordingVersion: '2026-11',
        actor: NURSE,
      });
      expect(record!.cause).to.match(/^event:\$/);
      expect(Date.now() - record!.at).to.be.within(0, 5_000);
    });
  }

  const RECORD: readonly (readonly [ConsentState, ConsentState])[] = [
    ['none', 'granted'],
    ['warned', 'granted'],
    ['declined', 'granted'],
    ['granted', 'granted'],
    ['revoked', 'revoked'],
  ];
  for (const [before, after] of RECORD) {
    it(`record leads from ${before} to ${after}`, async () => {
      await fixture.bridge.conversation(PATIENT, before);
      const answer = await fixture.type(`!care consent ${PATIENT} record verbal asked for texts`);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal(after);
      expect(answer).to.match(after === 'revoked' ? /^Not recorded: the patient opted out/ : /^Recorded/);
    });
  }

  it('revokes from every state, and nothing is sent from then on (K3)', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'granted');
    await fixture.bridge.writes(roomId, 'queued before');
    await fixture.bridge.pump('events');
    expect(await fixture.type('!care consent revoke asked by phone', roomId)).to.match(
      /^Revoked: nothing more will be sent/,
    );
    await fixture.bridge.writes(roomId, 'written after');
    await fixture.bridge.pump();
    expect(fixture.world.plain.calls).to.deep.equal([]);
    expect((await history()).at(-1)).to.include({
      state: 'revoked',
      method: 'verbal',
      evidence: 'asked by phone',
      actor: NURSE,
    });
  });

  it('shows the whole history with masked number and without the words that were said', async () => {
    await fixture.type(`!care consent ${PATIENT} record paper signed form about hives`);
    await fixture.type(`!care consent ${PATIENT} revoke moved away`);
    const answer = await fixture.type(`!care consent ${PATIENT} show`);
    expect(answer).to.match(/^•••0110: opted out \(STOP\)/);
    expect(answer?.split('\n')).to.have.length(3);
    expect(answer).to.include(`granted (paper, ${NURSE}, wording 2026-11)`).and.to.include(`revoked (verbal, ${NURSE}`);
    expect(answer).not.to.match(/12125550110|hives|moved/);
  });

  it('takes the patient of the room where no number is given', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'none');
    expect(await fixture.type('!care consent show', roomId)).to.match(/^•••0110: not asked yet/);
    await fixture.type('!care consent record verbal wants texts', roomId);
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('granted');
  });

  it('takes the number that is given, even in the room of another patient', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'none');
    await fixture.type('!care consent +12125550111 record verbal wants texts', roomId);
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
    expect(await fixture.bridge.consentOf('+12125550111')).to.equal('granted');
  });

  it('is refused in the room of another line’s patient', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'none');
    const answer = await fixture.type('!care consent record verbal wants texts', roomId, CLERK);
    expect(answer).to.equal('Refused: only the team of this line may do this.');
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
  });

  it('is refused to an administrator who is in no team', async () => {
    expect(await fixture.type(`!care consent ${PATIENT} show`, COMMAND_ROOM, ADMIN)).to.match(/^Refused/);
  });

  it('makes no contact of a number that is only looked up', async () => {
    expect(await fixture.type(`!care consent ${PATIENT} show`)).to.match(/^•••0110: not asked yet/);
    expect(await fixture.world.stores.conversations.findAddress(PATIENT as never)).to.equal(undefined);
  });

  it('does not lose what staff recorded to a warning that waited', async () => {
    fixture.world.plain.answers.push({ outcome: 'not-sent', detail: 'down' });
    await fixture.type(`!care text ${PATIENT}`);
    await fixture.bridge.pump();
    await fixture.type(`!care consent ${PATIENT} record verbal told on the phone, wants texts`);
    await fixture.world.stores.outbox.retry((await waitingWarning(fixture)) ?? '', 0, 'test', false);
    await fixture.bridge.pump();
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('granted');
    expect(fixture.world.plain.calls).to.have.length(1);
  });
});

async function waitingWarning({ world }: CommandFixture): Promise<string | undefined> {
  return (await world.stores.outbox.due(Date.now() + 60_000, new Set(), 1))[0]?.id;
}
