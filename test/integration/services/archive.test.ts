/** What is said in patients' rooms is noted for the archive before its row ends, and archived behind (G2). */
import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { Said } from '../../../src/model/archive.ts';
import { ArchiveMessages } from '../../../src/services/archive-messages.ts';
import { COMMAND_ROOM, NURSE } from '../../support/fakes/test-bridge.ts';
import { waitFor } from '../../support/wait-for.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

describe('archive (G2)', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create({ isArchived: true })));
  afterEach(() => fixture[Symbol.asyncDispose]());

  const waiting = async () => (await fixture.world.stores.archiveQueue.next(100)).map(({ said }) => said);
  const words = (said: readonly Said[]) => said.map(({ by, kind, content }) => `${by} ${kind}: ${content.body ?? ''}`);

  it('has both directions, with who, when and where', async () => {
    const { roomId, id, contact } = await fixture.bridge.conversation(PATIENT);
    await fixture.bridge.patientTexts(PATIENT, 'it hurts');
    await fixture.bridge.writes(roomId, 'come in');
    await fixture.bridge.pump();
    const [fromStaff, fromPatient] = (await waiting()).sort((a, b) => (a.by < b.by ? 1 : -1));
    expect(fromPatient).to.deep.include({ by: 'patient', sender: contact.ghost, roomId, conversationId: id });
    expect(fromStaff).to.deep.include({ by: 'staff', sender: NURSE, content: { body: 'come in' }, at: Date.now() });
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['come in']);
  });

  it('has edits, removals, what was refused, commands and the bot’s answers, and nothing of other rooms', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT);
    const first = await fixture.bridge.writes(roomId, 'at ten');
    await fixture.bridge.pump();
    const changed = { 'm.new_content': { msgtype: 'm.text', body: 'at two' }, msgtype: 'm.text', body: '* at two' };
    const relation = { 'm.relates_to': { rel_type: 'm.replace', event_id: first } };
    await fixture.bridge.writes(roomId, '', { content: { ...changed, ...relation } });
    await fixture.bridge.event({
      type: 'm.room.redaction',
      room_id: roomId,
      redacts: first,
      content: { reason: 'typo' },
    });
    await fixture.bridge.writes(roomId, '!care who');
    await fixture.bridge.writes(COMMAND_ROOM, 'lunch?');
    await fixture.bridge.pump();
    const said = await waiting();
    expect(words(said.filter(({ by }) => by === 'staff'))).to.deep.equal([
      ...['staff message: at ten', 'staff edit: at two', 'staff redaction: typo', 'staff message: !care who'],
    ]);
    expect(
      said.filter(({ kind }) => kind === 'edit' || kind === 'redaction').map(({ relatesTo }) => relatesTo),
    ).to.deep.equal([first, first]);
    expect(words(said.filter(({ by }) => by === 'bridge')).join()).to.include('a text cannot be changed');
  });

  it('ends no message before it is noted, and notes each once', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT);
    let failures = 3;
    const add = async (said: Said) => {
      if (failures-- > 0) throw new RetryableError('away');
      await fixture.world.stores.archiveQueue.add(said);
    };
    const wrap = <T extends object>(name: string, target: T): T =>
      name === 'archiveQueue' ? { ...target, add } : target;
    await fixture.restart({ isArchived: true, wrap });
    await fixture.bridge.patientTexts(PATIENT, 'it hurts');
    await fixture.bridge.writes(roomId, 'come in');
    for (let tries = 0; tries < 3; tries++) await fixture.after(5_000);
    expect(words(await waiting()).sort()).to.deep.equal(['patient message: it hurts', 'staff message: come in']);
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['come in']);
    expect(fixture.world.sender.said(roomId, (await fixture.bridge.find(PATIENT)).contact.ghost)).to.deep.equal([
      'it hurts',
    ]);
  });

  it('is written behind, many at a commit; while it cannot be, all of it waits and the administrators know', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT);
    for (let n = 0; n < 5; n++) await fixture.bridge.writes(roomId, `text ${n}`);
    await fixture.bridge.pump();
    const commits: Said[][] = [];
    const told: string[] = [];
    let isAway = true;
    const archive = {
      append: async (said: readonly Said[]) => {
        if (isAway) throw new RetryableError('away');
        commits.push([...said]);
      },
      check: async () => undefined,
    };
    const notifier = { tellAdmins: async (text: string) => void told.push(text) };
    const { archiveQueue } = fixture.world.stores;
    const timing = { collectMs: 1, retryMs: 20 };
    const archiving = new ArchiveMessages({ archiveQueue, archive, notifier, log: silentLogger, ...timing });
    archiving.wake();
    await waitFor('the administrators to be told', async () => told.length > 0);
    expect(await waiting()).to.have.length(5);
    isAway = false;
    await waitFor('the archive to be written', async () => (await waiting()).length === 0);
    expect(commits.map((commit) => commit.length)).to.deep.equal([5]);
    await archiving.stop();
  });
});
