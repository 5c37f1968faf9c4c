/** A patient's identity is checked before anything of the staff goes to a number (G3). */
import { expect } from 'chai';
import { createLogger } from '../../../src/log.ts';
import { COMMAND_ROOM, TEXTS } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const QUESTION = TEXTS['identity-question'];
const DAY = 86_400_000;
const RULE = { tries: 3, validForMs: 30 * DAY };

describe('identity check (G3)', () => {
  let fixture: ServicesFixture;
  let logged: string[];
  beforeEach(async () => {
    logged = [];
    const log = createLogger('debug', { write: (line: string) => void logged.push(line) });
    fixture = await ServicesFixture.create({ identity: RULE, log });
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const says = async (text: string, id?: string) => {
    await fixture.bridge.patientTexts(PATIENT, text, id === undefined ? {} : { id });
    await fixture.bridge.pump();
  };
  const types = async (command: string, roomId = COMMAND_ROOM) => {
    await fixture.bridge.writes(roomId, `!care ${command}`);
    await fixture.bridge.pump();
    return String(fixture.world.sender.events.at(-1)?.content['body']);
  };
  const received = () => fixture.world.plain.textsTo(PATIENT);
  const lastSaid = (roomId: Parameters<ServicesFixture['botSaid']>[0]) => fixture.botSaid(roomId).at(-1);
  const states = async () => {
    const { address } = await fixture.bridge.find(PATIENT);
    const history = await fixture.world.stores.identities.history(address.id);
    return history.map(({ state, failures }) => (failures > 0 ? `${state} ${failures}` : state));
  };
  /** A room whose patient agreed to texts and was asked for the date of birth. */
  const asked = async () => {
    await types(`text ${PATIENT} Maria --born 1980-03-02`);
    const { roomId } = await fixture.bridge.find(PATIENT);
    await fixture.bridge.joins(roomId!);
    await says('YES');
    return roomId!;
  };
  const writes = async (roomId: Parameters<ServicesFixture['botSaid']>[0], text: string) => {
    await fixture.bridge.writes(roomId, text);
    await fixture.bridge.pump();
  };

  it('asks after YES, sends nothing of the staff before the right answer, and everything after it', async () => {
    const roomId = await asked();
    expect(received()).to.deep.equal([TEXTS.warning, QUESTION]);
    expect(lastSaid(roomId)).to.equal(
      'The patient answered YES: consent to texts is recorded. The patient is asked for the date of birth. You can write once the right answer has come.',
    );
    await writes(roomId, 'PHI too early');
    expect(lastSaid(roomId)).to.match(/^Not sent: the patient was asked for the date of birth and has not given/);
    await says('March 2, 1980');
    expect(lastSaid(roomId)).to.equal('The patient gave the right date of birth. You can write now.');
    await writes(roomId, 'PHI');
    expect(received()).to.deep.equal([TEXTS.warning, QUESTION, 'PHI']);
    expect(await states()).to.deep.equal(['asked', 'verified']);
  });

  it('keeps the words, who, when and the wording, and none of it is in a log', async () => {
    await asked();
    await says('my birthday is 3/2/1980');
    const { address, contact } = await fixture.bridge.find(PATIENT);
    const record = await fixture.world.stores.identities.latest(address.id);
    expect(record).to.deep.include({
      state: 'verified',
      method: 'sms',
      actor: 'patient',
      evidence: 'my birthday is 3/2/1980',
      wordingVersion: '2026-11',
      contactId: contact.id,
    });
    expect(logged.join(''))
      .to.include('identity.verified')
      .and.not.to.match(/1980|birthday/);
  });

  it('asks again after a wrong answer, locks after the third, and only an attestation opens it', async () => {
    const roomId = await asked();
    for (const wrong of ['3/3/1980', '3/4/1980']) {
      await says(wrong);
      expect(lastSaid(roomId)).to.match(
        /^That is not the date of birth on record \(\d of 3 tries\)\. The patient is asked again/,
      );
    }
    await says('3/5/1980');
    expect(lastSaid(roomId)).to.match(/\(3 of 3 tries\)\. Nothing more is sent: call the patient/);
    expect(received()).to.deep.equal([TEXTS.warning, QUESTION, QUESTION, QUESTION]);
    await says('3/2/1980');
    await writes(roomId, 'PHI');
    expect(lastSaid(roomId)).to.match(/^Not sent: whoever answers there gave a wrong date of birth too often/);
    expect(await types('identity ask', roomId)).to.include('Nothing more is sent');
    expect(await types('identity born 1980-03-05', roomId)).to.include('Nothing more is sent');
    expect(await types('identity attest', roomId)).to.match(/^Not recorded: say how you know/);
    await types('identity attest called back, knew the last visit', roomId);
    await writes(roomId, 'PHI at last');
    expect(received().at(-1)).to.equal('PHI at last');
    expect(received()).not.to.include('PHI');
    expect(await states()).to.deep.equal(['asked', 'asked 1', 'asked 2', 'locked 3', 'verified']);
  });

  for (const [text, what] of [
    ['what for?', 'words'],
    ['3/3/1980 or 3/4/1980', 'several dates'],
    ['YES', 'a keyword'],
  ]) {
    it(`takes ${what} for no answer and no try`, async () => {
      await asked();
      await says(text!);
      expect(await states()).to.deep.equal(['asked']);
      expect(received()).to.deep.equal([TEXTS.warning, QUESTION]);
    });
  }

  it('takes a text that the carrier repeats for one try', async () => {
    await asked();
    await says('3/3/1980', 'sms-repeated');
    await says('3/3/1980', 'sms-repeated');
    expect(await states()).to.deep.equal(['asked', 'asked 1']);
  });

  it('STOP and HELP act first', async () => {
    const roomId = await asked();
    await says('HELP');
    expect(received().at(-1)).to.equal(TEXTS.help);
    await says('STOP');
    await says('3/2/1980');
    await writes(roomId, 'PHI');
    expect(received().at(-1)).to.equal(TEXTS['stop-confirmation']);
    expect(lastSaid(roomId)).to.match(/^Not sent: the patient opted out/);
  });

  it('where no date of birth is recorded the nurse is told what to do, and does it', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'granted');
    await writes(roomId, 'PHI');
    expect(lastSaid(roomId)).to.match(/^Not sent: it was not checked .* `!care identity born 1980-03-02`/);
    expect(await types('identity born 2 March 1980', roomId)).to.match(/^Write the date of birth as year/);
    expect(await types('identity born 1980-03-02', roomId)).to.match(/^Recorded\. The patient is asked/);
    await says('03/02/80');
    await writes(roomId, 'PHI again');
    expect(received()).to.deep.equal([QUESTION, 'PHI again']);
  });

  it('a number that was never asked is asked by the first message, and the sender is told', async () => {
    const { roomId, contact } = await fixture.bridge.conversation(PATIENT, 'granted');
    await fixture.world.stores.identities.setBirthDate(contact.id, '1980-03-02' as never);
    await writes(roomId, 'PHI');
    expect(lastSaid(roomId)).to.match(/^Not sent: the patient is asked for the date of birth first/);
    expect(received()).to.deep.equal([QUESTION]);
  });

  it('asks again when the right answer is older than it counts', async () => {
    const roomId = await asked();
    await says('3/2/1980');
    await fixture.after(31 * DAY);
    await writes(roomId, 'PHI');
    expect(received()).to.deep.equal([TEXTS.warning, QUESTION, QUESTION]);
    await says('3/2/1980');
    await writes(roomId, 'PHI');
    expect(received().at(-1)).to.equal('PHI');
  });

  it('is asked once more at the door: a message that waited is stopped when the number is locked', async () => {
    const roomId = await asked();
    await says('3/2/1980');
    await fixture.bridge.writes(roomId, 'PHI');
    await fixture.bridge.pump('events');
    const { address, contact } = await fixture.bridge.find(PATIENT);
    await fixture.world.stores.identities.append({
      addressId: address.id,
      contactId: contact.id,
      state: 'locked',
      method: 'sms',
      failures: 3,
      wordingVersion: '1',
      evidence: 'x',
      cause: 'later',
      actor: 'x',
      at: Date.now(),
    });
    await fixture.bridge.pump();
    expect(received()).to.deep.equal([TEXTS.warning, QUESTION]);
    expect(lastSaid(roomId)).to.match(/^This message was not sent: whoever answers there/);
  });

  it('a corrected date of birth undoes what another one proved', async () => {
    const roomId = await asked();
    await says('3/2/1980');
    expect(await types('identity born 1980-02-03', roomId)).to.match(/^Recorded\. The patient is asked/);
    await writes(roomId, 'PHI');
    expect(received()).not.to.include('PHI');
    expect(await states()).to.deep.equal(['asked', 'verified', 'unchecked', 'asked']);
  });

  it('G4, G3: another number of the same person starts without consent and unchecked', async () => {
    await asked();
    await says('3/2/1980');
    const other = await fixture.bridge.conversation('+12125550111', 'none');
    await writes(other.roomId, 'PHI');
    expect(lastSaid(other.roomId)).to.match(/^Not sent: the patient was not yet asked/);
    await types('consent record verbal wants texts', other.roomId);
    await writes(other.roomId, 'PHI');
    expect(lastSaid(other.roomId)).to.match(/^Not sent: it was not checked who answers/);
    expect(fixture.world.plain.textsTo('+12125550111')).to.deep.equal([]);
  });

  it('shows what was asked and answered, but no date', async () => {
    await asked();
    await says('3/3/1980');
    const shown = await types(`identity ${PATIENT} show`);
    expect(shown).to.match(/^•••0110: The patient is asked for the date of birth/);
    expect(shown.split('\n')).to.have.length(3);
    expect(shown)
      .to.include('asked, 1 wrong (sms, patient')
      .and.not.to.match(/1980|0302/);
  });

  it('where nobody is asked, the commands say so and record nothing', async () => {
    await fixture.restart({});
    expect(await types(`text ${PATIENT} --born 1980-03-02`)).to.match(/^Nothing was done: patients are not asked/);
    expect(await types(`identity ${PATIENT} born 1980-03-02`)).to.match(/^Nothing was done: patients are not asked/);
    const { roomId } = await fixture.bridge.conversation(PATIENT, 'granted');
    await writes(roomId, 'PHI');
    expect(received()).to.deep.equal(['PHI']);
  });
});
