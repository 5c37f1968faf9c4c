import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { ADMIN, COMMAND_ROOM, LINES, NURSE, TEXTS } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const OTHER = '+12125550111';
const MINUTE = 60_000;
/** The front desk's number is the carrier's, and not in the configuration. */
const WITHOUT_DESK = { lines: LINES.slice(1) };
const KEPT = /^A text came to a number of carrier plain that no line has\. It is kept, and so is what comes after it/;

describe('a text to a number that no line has', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create(WITHOUT_DESK)));
  afterEach(() => fixture[Symbol.asyncDispose]());

  const command = async (line: string) => {
    const before = fixture.adminsHeard.length;
    await fixture.bridge.writes(COMMAND_ROOM, `!care ${line}`, { sender: ADMIN });
    await fixture.bridge.pump();
    return fixture.adminsHeard.slice(before).join('\n');
  };
  const texts = async (...bodies: readonly string[]) => {
    for (const body of bodies) {
      await fixture.bridge.patientTexts(PATIENT, body);
      await fixture.bridge.pump();
      fixture.clock.tick(MINUTE);
    }
  };
  const parked = () => fixture.world.stores.parked.inbox.count();
  const toPatient = () => fixture.world.plain.textsTo(PATIENT);
  /** An administrator puts the line into the configuration and restarts. */
  const lineIsAdded = async () => {
    await fixture.restart();
    await fixture.bridge.pump();
  };

  it('is kept before it is answered, told of once for each number, and listed without words or numbers', async () => {
    for (let n = 0; n < 25; n++) await fixture.bridge.patientTexts(n % 2 ? PATIENT : OTHER, `secret words ${n}`);
    await fixture.restart(WITHOUT_DESK);
    await fixture.bridge.pump();
    expect(await parked()).to.equal(25);
    expect(fixture.adminsHeard).to.have.length(1);
    expect(fixture.adminsHeard[0]).to.match(KEPT).and.to.include('!care parked retry all');
    const list = await command('parked');
    expect(list.split('\n')).to.have.length(25);
    expect(list).to.match(/^[a-z2-7]{8} {2}.+ {2}a text of a patient: no line has the number it was sent to$/m);
    expect(list + fixture.adminsHeard[0]).not.to.match(/secret|555/);
  });

  it('is told of again where a number was put right and is missing anew', async () => {
    await texts('one');
    await lineIsAdded();
    await command('parked retry all');
    await fixture.restart(WITHOUT_DESK);
    await texts('two');
    expect(fixture.adminsHeard.filter((words) => KEPT.test(words))).to.have.length(2);
  });

  it('waits on while the line is missing, and the retry says what to do', async () => {
    await texts('one');
    const answer = await command('parked retry all');
    expect(answer).to.match(
      /^Not tried again \(1\): no line has the number it was sent to\. Put the number into `lines`/,
    );
    expect(await parked()).to.equal(1);
  });

  it('is named once when the line is there, with what to type; nothing of it continues on its own (K1, J1)', async () => {
    await texts('one', 'two', 'HELP');
    await fixture.restart(WITHOUT_DESK);
    await fixture.bridge.pump();
    const reminders = () => fixture.adminsHeard.filter((words) => words.startsWith('Texts that came to the number'));
    expect(reminders(), 'there is no line yet').to.deep.equal([]);
    for (let starts = 0; starts < 3; starts++) await lineIsAdded();
    expect(reminders()).to.deep.equal([
      'Texts that came to the number of line front-desk before it was configured, and are parked: 3. Now they can be put into their rooms, in order: ' +
        '`!care parked retry all`. With `--dry-run` at its end it shows what it would do.',
    ]);
    expect(await parked()).to.equal(3);
    expect(toPatient()).to.deep.equal([]);
    await fixture.restart(WITHOUT_DESK);
    await texts('four');
    await lineIsAdded();
    expect(reminders(), 'more came since').to.have.length(2);
    await command('parked retry all');
    await lineIsAdded();
    expect(reminders()).to.have.length(2);
  });

  it('lands in its room in order, before what came later, once the line is there and it is retried', async () => {
    const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
    await texts('one', 'two', 'three');
    await lineIsAdded();
    expect(await command('parked retry all')).to.equal('3 tried again.');
    await fixture.bridge.patientTexts(PATIENT, 'four');
    await fixture.bridge.pump();
    expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['one', 'two', 'three', 'four']);
    expect(await command('parked')).to.equal('Nothing is parked.');
    expect(await command('parked retry all')).to.equal('Nothing is parked.');
  });

  it('of somebody unknown makes a room and asks for consent then, as a first text does', async () => {
    await fixture.restart({ ...WITHOUT_DESK, warnOnFirstContact: true });
    await texts('hello');
    expect(toPatient()).to.deep.equal([]);
    await fixture.restart({ warnOnFirstContact: true });
    await command('parked retry all');
    const { roomId } = await fixture.bridge.find(PATIENT);
    await fixture.bridge.joins(roomId!, NURSE);
    await fixture.bridge.pump();
    expect(toPatient()).to.deep.equal([TEXTS.warning]);
    expect(fixture.world.sender.said(roomId!).at(-1)).to.equal('hello');
  });

  describe('that is a STOP', () => {
    it('revokes consent at once on every line, and is told to the teams; its confirmation would come too late (K1, K3, K4)', async () => {
      const billing = await fixture.bridge.conversation(PATIENT, 'granted', 1);
      await texts('STOP');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
      expect(fixture.botSaid(billing.roomId)).to.deep.equal([
        'The patient opted out (STOP). Nothing more will be sent. Call instead.',
      ]);
      await lineIsAdded();
      await command('parked retry all');
      await fixture.bridge.writes(billing.roomId, 'are you there?');
      await fixture.bridge.pump();
      expect(toPatient()).to.deep.equal([]);
    });

    it('of a number that nobody ever texted keeps it from being texted at all (K3)', async () => {
      await texts('STOP');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
      await fixture.bridge.writes(COMMAND_ROOM, `!care text ${PATIENT} --line billing`, { sender: NURSE });
      await fixture.bridge.pump();
      expect(toPatient()).to.deep.equal([]);
    });

    it('is taken however much is kept (K1)', async () => {
      const { inbox } = fixture.world.stores;
      inbox.countWithoutLine = async () => 10_000;
      const refused = await fixture.bridge.patientTexts(PATIENT, 'hello').catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(RetryableError);
      await fixture.bridge.patientTexts(PATIENT, 'hi').catch(() => undefined);
      await texts('STOP');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
      const full = fixture.adminsHeard.filter((words) => words.startsWith('10000 texts to numbers that no line has'));
      expect(full, 'told once a day').to.have.length(1);
    });
  });

  it('that is a STOP and cannot be recorded is retried without a line, and never confirmed late (K1, K4)', async () => {
    const { consents } = fixture.world.stores;
    const append = consents.append.bind(consents);
    consents.append = async () => Promise.reject(new PermanentError('damaged'));
    await texts('STOP');
    consents.append = append;
    expect(fixture.adminsHeard[1]).to.match(/^A patient's STOP to a number that no line has could not be acted on\./);
    fixture.clock.tick(10 * MINUTE);
    expect(await command('parked retry all')).to.match(/^1 tried again\.\nNot tried again \(1\): no line has/);
    expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
    expect(toPatient()).to.deep.equal([]);
  });

  describe('that is another keyword', () => {
    it('is acted on when there is a line: START asks again, HELP is answered (K6, K7)', async () => {
      await fixture.bridge.conversation(PATIENT, 'revoked', 1);
      await texts('START', 'HELP');
      expect(toPatient()).to.deep.equal([]);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
      await lineIsAdded();
      expect(await command('parked retry all')).to.equal('4 tried again.');
      expect(toPatient()).to.deep.equal([TEXTS.warning, TEXTS.help]);
    });

    it('does not undo a STOP that came after it, on another line (K1, K6)', async () => {
      await fixture.bridge.conversation(PATIENT, 'revoked', 1);
      await texts('START');
      await fixture.bridge.patientTexts(PATIENT, 'START', { line: 1 });
      await fixture.bridge.pump();
      fixture.clock.tick(MINUTE);
      await fixture.bridge.patientTexts(PATIENT, 'STOP', { line: 1 });
      await fixture.bridge.pump();
      await lineIsAdded();
      await command('parked retry all');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
    });

    it('is no answer to a warning that was sent after it (J1)', async () => {
      await texts('YES');
      const { roomId } = await fixture.bridge.conversation(PATIENT, 'warned', 1);
      await lineIsAdded();
      await command('parked retry all');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
      expect(fixture.botSaid(roomId)).to.deep.equal([]);
    });
  });

  it('is dropped with a reason and a yes, and its words are wiped', async () => {
    await texts('spam');
    const [row] = await fixture.world.stores.parked.inbox.list(0, 1);
    expect(await command(`parked drop ${row!.reference}`)).to.include('reason is missing');
    const asked = await command(`parked drop ${row!.reference} not for us`);
    const [, code = ''] = /confirm (\w+)/.exec(asked) ?? [];
    expect(asked).to.include('Drops for good:');
    expect(await parked()).to.equal(1);
    expect(await command(`confirm ${code}`)).to.include(`Dropped: ${row!.reference}.`);
    expect(await parked()).to.equal(0);
    expect(await fixture.world.stores.inbox.find(row!.id)).to.equal(undefined);
  });
});
