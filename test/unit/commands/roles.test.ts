import { expect } from 'chai';
import type { EventId, UserId } from '../../../src/model/ids.ts';
import type { Role, RoleSource } from '../../../src/model/role.ts';
import type { PolicyInEffect } from '../../../src/services/policy-in-effect.ts';
import { memoryStorage, type MemoryStorage } from '../../support/fakes/memory-storage.ts';
import {
  ADMIN,
  COMMAND_ROOM,
  LINES,
  NAMESPACE,
  newWorld,
  NURSE,
  PREFIX,
  TestBridge,
  type World,
} from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy } from '../../support/line-team-policy.ts';
import { roleId, ROLES } from '../../support/roles-fixture.ts';

const LEE = '@lee:hospital.test' as UserId;

/** The policy of the fixture's roles, as the store has them given. */
function policyOf(stores: MemoryStorage): Pick<PolicyInEffect, 'current'> {
  return {
    async current() {
      const given: Record<UserId, Role[]> = { [ADMIN]: [ROLES.get(roleId('administrator'))!] };
      for (const { userId, roleId: id } of await stores.roles.current()) (given[userId] ??= []).push(ROLES.get(id)!);
      return { ...lineTeamPolicy(NAMESPACE, [], LINES, given), roles: ROLES };
    },
  };
}

describe('commands about roles', () => {
  let stores: MemoryStorage;
  let world: World;
  let bridge: TestBridge;

  beforeEach(async () => {
    stores = memoryStorage();
    world = await newWorld(stores);
    bridge = new TestBridge(world, { policy: policyOf(stores) });
  });

  async function type(words: string, sender = ADMIN): Promise<string> {
    const before = world.sender.events.length;
    await bridge.writes(COMMAND_ROOM, `${PREFIX} ${words}`, { sender });
    await bridge.pump('events', 'notices');
    return world.sender.events
      .slice(before)
      .map(({ content }) => String(content['body']))
      .join('\n');
  }

  /** Types it, and says yes to the question. */
  async function confirm(words: string): Promise<string> {
    const question = await type(words);
    const prompt = world.sender.events.at(-1)?.eventId as EventId;
    const before = world.sender.events.length;
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: prompt, key: '✅' } };
    await bridge.event({ type: 'm.reaction', room_id: COMMAND_ROOM, sender: ADMIN, content });
    await bridge.pump('events', 'notices');
    const answer = world.sender.events.slice(before).map(({ content: said }) => String(said['body']));
    return [question, ...answer].join('\n');
  }

  async function seed(userId: UserId, id: string, source: RoleSource): Promise<void> {
    await stores.roles.give({ userId, roleId: roleId(id), source, givenBy: 'the test', at: Date.UTC(2026, 0, 2) });
  }

  async function held(): Promise<string[]> {
    return (await stores.roles.current()).map(({ userId, roleId: id, source }) => `${userId} ${id} ${source}`);
  }

  it('A1 role give: gives, and the audit log has the command and the change, by its author', async () => {
    expect(await type(`role give ${LEE} nurse starts on Monday`)).to.equal(`${LEE} has the role nurse now.`);
    expect(await held()).to.deep.equal([`${LEE} nurse command`]);
    const entries = stores.audited().map(({ action, actor, target, reason }) => [action, actor, target, reason]);
    expect(entries).to.deep.include(['role.give', ADMIN, LEE, 'starts on Monday']);
    expect(entries).to.deep.include(['command.role.give', ADMIN, LEE, 'starts on Monday']);
  });

  it('role give --dry-run: only says what would be', async () => {
    expect(await type(`role give ${LEE} nurse --dry-run`)).to.include('would get the role nurse');
    expect(await held()).to.deep.equal([]);
  });

  for (const [words, refusal] of [
    [`role give ${NAMESPACE.bot} nurse`, /bridge itself/],
    ['role give @lee:elsewhere.test nurse', /not of this homeserver/],
    [`role give ${LEE} king`, /Say one of: administrator, clerk/],
    [`role take ${ADMIN} administrator`, /does not have the role/],
    ['role list --at yesterday', /2026-03-31/],
    ['role sync', /No directory is configured/],
    [
      'role import user,role\n@lee:hospital.test,king\nlee,nurse',
      /line 2: there is no such role.*\nline 3: the user is no full user id/,
    ],
  ] as const) {
    it(`A9 ${words.replace('\n', ' ')}: says why not`, async () => {
      expect(await type(words)).to.match(refusal);
      expect(await held()).to.deep.equal([]);
    });
  }

  it('A9 role give: nobody gives more than he has', async () => {
    const clerk = '@pat:hospital.test' as UserId;
    await seed(clerk, 'clerk', 'configuration');
    world.rooms.join(COMMAND_ROOM, clerk);
    expect(await type(`role give ${clerk} administrator`, clerk)).to.match(/more power than you have/);
    expect(await type(`role give ${LEE} nurse`, clerk)).to.match(/has the role nurse now/);
  });

  it('role take: is confirmed, and takes', async () => {
    await type(`role give ${LEE} nurse`);
    expect(await confirm(`role take ${LEE} nurse left the ward`)).to.match(
      /would lose the role nurse[^]*lost the role nurse/,
    );
    expect(await held()).to.deep.equal([]);
  });

  it('A4 role import: shows the difference, and does it once confirmed', async () => {
    await seed(NURSE, 'nurse', 'csv');
    const said = await confirm('role import user,role\n@lee:hospital.test,nurse\n@kim:hospital.test,auditor');
    expect(said).to.match(/2 given, 1 taken, 0 as they are\./);
    expect(said).to.include('+ @kim:hospital.test auditor').and.include(`- ${NURSE} nurse`);
    expect(said).to.match(/The list is in effect: 2 given, 1 taken/);
    expect(await held()).to.deep.equal(['@kim:hospital.test auditor csv', `${LEE} nurse csv`]);
  });

  it('F7 role list: says who has which role, since when and by what; now and then', async () => {
    await seed(LEE, 'nurse', 'directory');
    expect(await type(`role list ${LEE}`)).to.equal(`1 role\n${LEE}  nurse  by the directory, since 2026-01-02`);
    expect(await type('role list --at 2026-01-01')).to.match(/^0 roles in effect at 2026-01-01T23:59:59\.999Z/);
    expect(await type('role list --at 2026-01-02T00:00Z')).to.match(/^1 role in effect/);
  });

  it('A8 access review: answers with an encrypted file', async () => {
    await seed(LEE, 'nurse', 'command');
    await seed(NURSE, 'nurse', 'command');
    expect(await type('access review')).to.match(/^access-review-\d{4}-\d\d-\d\d\.csv\n2 people, 0 governed rooms/);
    const [file] = world.sender.uploads;
    expect(Buffer.from(file!.bytes).toString()).to.include(`${LEE},"nurse (command, since 2026-01-02)",,,not known,`);
  });
});
