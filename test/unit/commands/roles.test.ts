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

  async function type(words: string, sender = ADMIN, more: object = {}): Promise<string> {
    const before = world.sender.events.length;
    const content = { msgtype: 'm.text', body: `${PREFIX} ${words}`, ...more };
    await bridge.writes(COMMAND_ROOM, '', { sender, content });
    await bridge.pump('events', 'notices');
    return world.sender.events
      .slice(before)
      .map(({ content }) => String(content['body']))
      .join('\n');
  }

  /** Types it, and says yes to the question. */
  async function confirm(words: string, more: object = {}): Promise<string> {
    const question = await type(words, ADMIN, more);
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
    ['role give @lee:elsewhere.test nurse', /not on this homeserver/],
    [`role give ${LEE} king`, /Say one of: administrator, clerk/],
    [`role take ${ADMIN} administrator`, /does not have the role/],
    ['role list --at yesterday', /2026-03-31/],
    ['role sync', /No directory is configured/],
    [
      'role import user,role\n@lee:hospital.test,king\nlee,nurse',
      /line 2: there is no such role.*\nline 3: the user is not a full user id/,
    ],
  ] as const) {
    it(`A9 ${words.replace('\n', ' ')}: says why not`, async () => {
      expect(await type(words)).to.match(refusal);
      expect(await held()).to.deep.equal([]);
    });
  }

  it('A9 role give: nobody gives more than they hold', async () => {
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

  describe('role import of a file', () => {
    const LIST = 'user,role\n@lee:hospital.test,nurse\n@kim:hospital.test,auditor';
    const CSV = { msgtype: 'm.file', body: 'roles.csv', info: { mimetype: 'text/csv' } };
    const holds = (text: string | Uint8Array) =>
      void (world.sender.file = { bytes: Buffer.from(text), contentType: 'text/csv' });

    /** Sends a file, and returns what makes a message a reply to it. */
    async function replyTo(content: object = CSV): Promise<object> {
      const event_id = await bridge.writes(COMMAND_ROOM, '', { sender: ADMIN, content });
      return { 'm.relates_to': { 'm.in_reply_to': { event_id } } };
    }

    for (const [what, more] of [
      ['a reply to it', replyTo],
      ['its caption', async () => ({ ...CSV, body: `${PREFIX} role import`, filename: 'roles.csv' })],
    ] as const) {
      it(`A4 in ${what}: shows the difference, and does it once confirmed; the log names the file`, async () => {
        holds(LIST);
        const said = await confirm('role import', await more());
        expect(said).to.match(/2 given, 0 taken[^]*The list is in effect: 2 given/);
        expect(await held()).to.deep.equal(['@kim:hospital.test auditor csv', `${LEE} nurse csv`]);
        expect(JSON.stringify(stores.audited().map(({ details }) => details))).to.match(
          /"found":\{"file":"\$event-\d+"\}/,
        );
      });
    }

    it('A4 asks anew where another list is there when it is confirmed', async () => {
      holds(LIST);
      const reply = await replyTo();
      await type('role import', ADMIN, reply);
      holds(LIST.replace('auditor', 'nurse'));
      const prompt = world.sender.events.at(-1)?.eventId;
      const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: prompt, key: '✅' } };
      await bridge.event({ type: 'm.reaction', room_id: COMMAND_ROOM, sender: ADMIN, content });
      await bridge.pump('events', 'notices');
      expect(String(world.sender.events.at(-1)?.content['body'])).to.match(
        /^Refused: this has changed since it was shown/,
      );
      expect(await held()).to.deep.equal([]);
    });

    it('A9 names every bad row of it', async () => {
      holds('user,role\n@lee:hospital.test,king\nlee,nurse');
      expect(await type('role import', ADMIN, await replyTo())).to.match(
        /line 2: there is no such role.*\nline 3: the user is not a full user id/,
      );
    });

    it('A4 confirms by its hash what does not fit into an event', async () => {
      holds(`user,role\n${Array.from({ length: 3_000 }, (_, n) => `@u${n}:hospital.test,nurse`).join('\n')}`);
      await type('role import', ADMIN, await replyTo());
      const { content } = world.sender.events.at(-1)!;
      expect(String(content['body'])).to.include('3000 given').and.to.include('and 2980 more');
      expect(JSON.stringify(content).length).to.be.lessThan(10_000);
      expect(JSON.stringify(content)).to.match(/"give":3000,"take":0,"sha256":"[0-9a-f]{64}"/);
    });

    for (const [what, refusal, arrange] of [
      ['no list at all', /there is no list\. Write it below/, async () => ({})],
      ['a reply to words', /there is no list/, () => replyTo({ msgtype: 'm.text', body: 'lunch?' })],
      [
        'a picture',
        /not UTF-8 text/,
        () => replyTo({ msgtype: 'm.image', body: 'x.png', info: { mimetype: 'image/png' } }),
      ],
      [
        'a workbook',
        /not UTF-8 text\. Save it as “CSV UTF-8”/,
        async () => (holds('PK\x03\x04\0'), replyTo({ ...CSV, info: {} })),
      ],
      ['text in Latin-1', /not UTF-8 text/, async () => (holds(Buffer.from('Müller', 'latin1')), replyTo())],
      ['more than 1 MB', /larger than 1 MB/, async () => (holds('x'.repeat(1_000_001)), replyTo())],
      [
        'a file that was not encrypted',
        /not sent encrypted/,
        async () => {
          const event_id = await bridge.event({
            type: 'm.room.message',
            room_id: COMMAND_ROOM,
            sender: ADMIN,
            content: CSV,
          });
          return { 'm.relates_to': { 'm.in_reply_to': { event_id } } };
        },
      ],
      [
        'a file of an unverified device',
        /not verified/,
        async () => {
          const event_id = await bridge.event({ type: 'm.room.encrypted', room_id: COMMAND_ROOM, sender: ADMIN });
          world.decrypter.knows(event_id, { outcome: 'untrusted' });
          return { 'm.relates_to': { 'm.in_reply_to': { event_id } } };
        },
      ],
      [
        'a message that cannot be seen',
        /cannot be seen/,
        async () => ({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$elsewhere' } } }),
      ],
    ] as const) {
      it(`A9 says why not: ${what}`, async () => {
        const more = await arrange();
        await bridge.pump('events', 'notices');
        expect(await type('role import', ADMIN, more)).to.match(refusal);
        expect(await held()).to.deep.equal([]);
      });
    }
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
