/** Rooms that were made to harm, and somebody who never gives in: on a real Synapse (A4, A5). */
import { expect } from 'chai';
import type { EventId, RoomId } from '../../src/model/ids.ts';
import { PHI_CLASS_EVENT } from '../../src/model/phi-class.ts';
import { whyNoSynapse } from '../integration/matrix/bridge-on-synapse.ts';
import { waitFor } from '../support/wait-for.ts';
import { BOT, GovernedHospital, ICU, statePath } from './support/governed-hospital.ts';

const LEVELS = 'm.room.power_levels';
const CROWD = 100;

describe('hostile rooms on a real Synapse', function () {
  this.timeout(300_000);
  let hospital: GovernedHospital;

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) {
      process.stdout.write(`  pending: ${reason}\n`);
      this.skip();
    }
    // Up to version 11 a person can be as powerful as the bot.
    hospital = await GovernedHospital.start({
      roomVersion: '11',
      // So long that the story does not outlast them.
      war: { repairs: 3, windowMs: 600_000, pauseMs: 600_000 },
    });
  });

  after(async () => {
    await hospital?.[Symbol.asyncDispose]();
  });

  const applied = (roomId: RoomId, rule: string) =>
    hospital.noted.filter(({ entry }) => {
      const details = (entry.details ?? {}) as { rule?: string; ended?: string };
      return (
        entry.action === 'room.repair' &&
        entry.roomId === roomId &&
        details.rule === rule &&
        details.ended === 'applied'
      );
    });

  it('A4: a client that at once undoes what the bot puts right is named and not fought; all else is kept', async () => {
    const { admin } = hospital.staff;
    const roomId = await hospital.room({ key: 'war' }, admin);
    await hospital.overpower(roomId, admin.userId);
    const rule = statePath(roomId, 'm.room.join_rules');
    const open = () => admin.call('PUT', rule, { join_rule: 'public' });
    await open();
    const told = await waitFor(
      'the bot to give in',
      async () => {
        // As another bot would.
        if ((await admin.call('GET', rule))['join_rule'] !== 'public') await open();
        return hospital.told.find((text) => text.includes('again and again'));
      },
      { timeoutMs: 120_000, everyMs: 5 },
    );
    expect(told)
      .to.include(`${admin.userId} undoes the bot’s repair again and again`)
      .and.to.include('join rule was public');
    expect(applied(roomId, 'join-rules')).to.have.length(3);

    for (let turn = 0; turn < 3; turn++) {
      await admin.call('PUT', rule, { join_rule: 'knock' });
      await open();
    }
    const since = performance.now();
    await admin.call('PUT', statePath(roomId, 'm.room.guest_access'), { guest_access: 'can_join' });
    await hospital.outcome(roomId, ['guest-access'], since);
    await hospital.govern.settled();
    expect(applied(roomId, 'join-rules')).to.have.length(3);
    expect(hospital.told.filter((text) => text.includes('again and again'))).to.have.length(1);
  });

  it('A5: a room full of strangers, with giant power levels and nonsense for state, is adopted and put right; others need not wait', async () => {
    const { admin, physician } = hospital.staff;
    const other = await hospital.room({ key: 'other' }, admin);
    await hospital.overpower(other, admin.userId);
    const wanted = { preset: 'public_chat', room_version: '11', name: 'Lobby', invite: [BOT] };
    const made = await admin.call('POST', '/createRoom', wanted);
    const roomId = made['room_id'] as RoomId;
    await hospital.crowd(roomId, CROWD);
    await physician.join(roomId);
    let written = 0;
    for (const [type, content, key] of NONSENSE) {
      // What the homeserver does not take cannot be in a room.
      const isTaken = await admin.call('PUT', statePath(roomId, type, key), content).then(
        () => true,
        () => false,
      );
      if (isTaken) written++;
    }
    expect(written).to.be.greaterThan(6);
    const levels = await admin.call('GET', statePath(roomId, LEVELS));
    const many = Object.fromEntries(Array.from({ length: 1_900 }, (_, n) => [`@u${n}:elsewhere.test`, 10]));
    await admin.call('PUT', statePath(roomId, LEVELS), {
      ...levels,
      users: { ...many, [admin.userId]: 90, [BOT]: 100 },
    });

    const adoption = { roomId, phiClass: 'phi', unit: undefined } as const;
    const { text } = await hospital.adoptRoom.preview(adoption);
    expect(text)
      .to.include(`${CROWD + 3} members`)
      .and.to.include(`Would be removed (${CROWD})`)
      .and.to.include('Encryption cannot be taken back');
    expect(text.length).to.be.lessThan(6_000);
    const startedAt = performance.now();
    await hospital.adoptRoom.run(adoption, '$hostile' as EventId);
    await admin.call('PUT', statePath(other, 'm.room.guest_access'), { guest_access: 'can_join' });
    await hospital.outcome(other, ['guest-access'], startedAt);
    expect(applied(roomId, 'members').length).to.be.lessThan(CROWD);

    // So many at once, then two a second, so that the homeserver has time for texts.
    await waitFor('the first strangers to be out', () => applied(roomId, 'members').length >= 40, {
      timeoutMs: 150_000,
    });
    const right = await admin.call('GET', statePath(roomId, LEVELS));
    expect(right['users']).to.deep.equal({ [BOT]: 100, [admin.userId]: 90, [physician.userId]: 50 });
    const { state } = await hospital.control.refresh(roomId);
    const contentOf = (type: string) => [...state.values()].find((event) => event.type === type)?.content;
    expect(contentOf('m.room.join_rules')).to.include({ join_rule: 'invite' });
    expect(contentOf(PHI_CLASS_EVENT)).to.have.keys('class', 'id');
    expect(contentOf('m.room.encryption')).to.deep.equal({ algorithm: 'm.megolm.v1.aes-sha2' });
    for (const { entry } of hospital.noted) expect(JSON.stringify(entry).length).to.be.lessThan(20_000);
  });

  it('spaces that hold each other and themselves hold only the unit’s rooms in the end', async () => {
    const { admin } = hospital.staff;
    const { roomId: space } = await hospital.createUnit.run(ICU);
    const ward = await hospital.room({ key: 'cycle', unit: ICU }, admin);
    await hospital.asBot('POST', `/rooms/${encodeURIComponent(space)}/invite`, { user_id: admin.userId });
    await admin.join(space);
    for (const roomId of [space, ward]) await hospital.overpower(roomId, admin.userId);
    const via = { via: ['hospital.test'] };
    for (const [parent, child] of [
      [space, space],
      [ward, space],
    ] as const) {
      await admin.call('PUT', statePath(parent, 'm.space.child', child), via);
      await admin.call('PUT', statePath(child, 'm.space.parent', parent), via);
    }
    // Asked of the homeserver: to refresh what the bot holds would disturb it.
    const children = async () => {
      const state = (await admin.call('GET', `/rooms/${encodeURIComponent(space)}/state`)) as unknown as readonly {
        readonly type: string;
        readonly state_key: string;
        readonly content: object;
      }[];
      const held = state.filter(({ content }) => Object.keys(content).length > 0);
      return held.filter(({ type }) => type.startsWith('m.space.')).map(({ type, state_key: key }) => `${type} ${key}`);
    };
    const isAlone = async () => JSON.stringify(await children()) === JSON.stringify([`m.space.child ${ward}`]);
    await waitFor('the space to hold the ward alone', isAlone, {
      timeoutMs: 60_000,
      instead: async () => [...(await children()), ...hospital.told].join('\n'),
    });
  });
});

/** What a hostile member writes: type, content, state key. */
const NONSENSE: readonly (readonly [string, object, string?])[] = [
  ['m.room.name', { name: { of: 'a room' } }],
  ['m.room.topic', { topic: ['+1 212 555 0123'] }],
  ['m.room.avatar', { url: 7, info: [] }],
  ['m.room.pinned_events', { pinned: 'everything' }],
  ['m.room.guest_access', { guest_access: ['can_join'] }],
  ['m.room.history_visibility', { history_visibility: 'everybody' }],
  ['m.room.server_acl', { allow: 'all', deny: 5 }],
  ['m.space.parent', { via: { not: 'a list' } }, '!nowhere'],
  ['m.space.child', { via: [[]], order: {} }, '!nowhere'],
  ['im.vector.modular.widgets', { url: [] }, 'w'],
  ['m.bridge', { protocol: 'x' }, '../../x'],
  [PHI_CLASS_EVENT, { class: { phi: true }, id: [] }],
];
