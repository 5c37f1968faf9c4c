import { expect } from 'chai';
import type { CarePolicy } from '../../../src/model/care-policy.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { Permission } from '../../../src/model/permission.ts';
import type { Role, RoleId } from '../../../src/model/role.ts';
import type { SetupAction, SetupFacts } from '../../../src/model/setup.ts';
import { SetUp } from '../../../src/services/set-up.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { ADMIN, NAMESPACE } from '../../support/fakes/test-bridge.ts';

const ROOM = '!command' as RoomId;

describe('setting up, over restarts', () => {
  let facts: SetupFacts;
  let done: SetupAction[];
  let permissions: Permission[];
  let now: number;
  const { settings } = memoryStorage();
  let turns = 0;

  /** Like the process after a restart. */
  const setUp = () =>
    new SetUp({
      settings,
      policy: {
        current: async () =>
          ({ namespace: NAMESPACE, assigned: new Map([[ADMIN, [roleWith(permissions)]]]) }) as unknown as CarePolicy,
      },
      facts: async () => facts,
      act: async (action) => {
        done.push(action);
        facts = { ...facts, securityRoom: { joined: new Set([ADMIN]) } };
        return 'Made it.';
      },
      report: async () => 'THE REPORT',
      now: () => now,
    });
  const say = (words: string, eventId = `$${(turns += 1)}`) =>
    setUp().answer({ actor: ADMIN, roomId: ROOM, words, eventId: eventId as EventId, trace: 't' });

  beforeEach(async () => {
    done = [];
    permissions = ['set-up', 'manage-rooms'];
    now = 1_000;
    facts = {
      prefix: '!care',
      domain: 'hospital.test',
      configFile: 'config.yaml',
      securityRoom: undefined,
      commandRoom: { problem: undefined, joined: new Set([ADMIN]) },
      carriers: [],
      lines: [],
      roles: [],
      units: [],
    };
    await settings.set(`setup:${ADMIN}`, JSON.stringify({ eventId: '$none' }));
  });

  it('remembers where it was, does what it is told once, and ends with the report', async () => {
    expect(await say('')).to.include('Security room: There is none');
    expect(await say('yes', '$yes'))
      .to.include('Made it.')
      .and.include('First line: There is none');
    expect(await say('yes', '$yes')).to.include('Made it.');
    expect(done).to.have.length(1);
    expect(await say('')).to.include('First line');
    for (const step of ['line', 'roles']) expect(await say('next'), step).not.to.include('THE REPORT');
    expect(await say('next')).to.include('THE REPORT');
    expect(await setUp().isListening(ADMIN, ROOM)).to.equal(false);
  });

  it('does nothing that the role of the administrator does not permit', async () => {
    permissions = ['set-up'];
    await say('');
    expect(await say('yes'))
      .to.include('Refused')
      .and.include('manage-rooms');
    expect(done).to.deep.equal([]);
  });

  it('listens to plain words of the one it leads, in that room, for an hour', async () => {
    expect(await setUp().isListening(ADMIN, ROOM)).to.equal(false);
    await say('');
    expect(await setUp().isListening(ADMIN, ROOM)).to.equal(true);
    expect(await setUp().isListening(ADMIN, '!other' as RoomId)).to.equal(false);
    expect(await setUp().isListening('@other:hospital.test' as UserId, ROOM)).to.equal(false);
    now += 3_600_000;
    expect(await setUp().isListening(ADMIN, ROOM)).to.equal(false);
    await say('cancel');
    expect(await setUp().isListening(ADMIN, ROOM)).to.equal(false);
  });

  it('shows what it would do, and does it not', async () => {
    await say('');
    expect(await setUp().preview(ADMIN, 'yes')).to.equal('I would do: make-security-room.');
    expect(done).to.deep.equal([]);
  });
});

function roleWith(permissions: readonly Permission[]): Role {
  const id = 'administrator' as RoleId;
  const base = { id, name: id, power: 90, commands: 'all' as const, idleLogoffMs: undefined, units: 'all' as const };
  return { ...base, permissions: new Set(permissions), classes: new Set() };
}
