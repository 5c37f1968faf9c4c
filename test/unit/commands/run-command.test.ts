import { expect } from 'chai';
import type { Command, Permission } from '../../../src/commands/command.ts';
import { CommandRunner } from '../../../src/commands/run-command.ts';
import { UserError } from '../../../src/errors.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import {
  ADMIN,
  COMMAND_ROOM,
  GHOST,
  NAMESPACE,
  newWorld,
  NURSE,
  PREFIX,
  TestBridge,
  VISITOR,
} from '../../support/fakes/test-bridge.ts';
import { CommandFixture } from './command-fixture.ts';

const real = new TestBridge(await newWorld(memoryStorage())).commands;

/** Runs the runner on its own with commands that only count their runs. */
async function runWith(
  sender: UserId,
  text: string,
  options: { isEncrypted?: boolean; run?: () => Promise<string> } = {},
) {
  const runs: string[] = [];
  const answers: string[] = [];
  const commands = real.map((command) => ({
    ...command,
    run: async () => {
      runs.push(command.name);
      return options.run ? options.run() : 'done';
    },
  }));
  const runner = new CommandRunner({
    commands,
    prefix: PREFIX,
    lines: { ofMember: (user: UserId) => (user === NURSE ? [{}] : []) } as never,
    admins: [ADMIN],
    rooms: { isEncrypted: async () => options.isEncrypted ?? true } as never,
    notifier: { say: async (_room: RoomId, answer: string) => void answers.push(answer) } as never,
  });
  const event = {
    type: 'm.room.encrypted',
    room_id: COMMAND_ROOM,
    event_id: '$a',
    sender,
    origin_server_ts: 0,
    content: {},
  };
  const row = { id: '1', lane: 'a', attempts: 0, trace: 'trace', receivedAt: 0, event: event as never };
  await runner.run(row, text, { roomId: COMMAND_ROOM, conversation: undefined });
  return { runs, answer: answers.join('\n') };
}

/** Who holds which permission. */
const HOLDERS: Readonly<Record<Permission, readonly UserId[]>> = {
  team: [NURSE],
  admin: [ADMIN],
  staff: [NURSE, ADMIN],
};
const STRANGERS: Readonly<Record<string, UserId>> = {
  'a visitor': VISITOR,
  'a ghost': GHOST,
  'the bot itself': NAMESPACE.bot,
  'a nurse of the same name elsewhere': '@nurse:evil.test' as UserId,
  'an administrator by another case': ADMIN.toUpperCase() as UserId,
};

describe('running commands (A1, A2)', () => {
  for (const { name, permission } of real) {
    for (const [who, user] of Object.entries(STRANGERS)) {
      it(`${name} is refused to ${who}`, async () => {
        const { runs, answer } = await runWith(user, `${PREFIX} ${name} x`);
        expect(runs).to.deep.equal([]);
        expect(answer).to.match(/^Refused: /);
      });
    }

    it(`${name} runs for those with permission ${permission}, and for nobody else`, async () => {
      for (const user of [NURSE, ADMIN]) {
        const { runs } = await runWith(user, `${PREFIX} ${name} x`);
        expect(runs, user).to.deep.equal(HOLDERS[permission].includes(user) ? [name] : []);
      }
    });

    it(`${name} is refused in a room that is not encrypted`, async () => {
      const [user] = HOLDERS[permission];
      const { runs, answer } = await runWith(user!, `${PREFIX} ${name} x`, { isEncrypted: false });
      expect(runs).to.deep.equal([]);
      expect(answer).to.equal('Refused: this room is not encrypted. Use an encrypted room.');
    });
  }

  it('denies a command that states no permission, or one that is not on the list', async () => {
    for (const permission of [undefined, 'everybody', '', 'toString', '__proto__', 'constructor']) {
      const subject = new CommandFixtureRunner({ ...real[0]!, permission: permission as Permission });
      expect(await subject.isRun(NURSE), String(permission)).to.equal(false);
      expect(await subject.isRun(ADMIN), String(permission)).to.equal(false);
    }
  });

  it('states for every command a permission, a usage that begins with its name, and a summary', () => {
    for (const { name, usage, summary, permission } of real) {
      expect(['team', 'admin', 'staff']).to.include(permission);
      expect(usage.split(' ')[0]).to.equal(name);
      expect(summary).to.match(/\S/);
    }
  });

  it('refuses a list in which two commands have the same name', () => {
    expect(() => new CommandRunner({ commands: [real[0]!, real[0]!] } as never)).to.throw('same name');
  });

  const RUN: readonly (readonly [string, string])[] = [
    ['!care who', 'who'],
    ['!CARE WHO', 'who'],
    ['!care    who   ', 'who'],
    ['!care\nwho', 'who'],
    ['!care\twho', 'who'],
    ['!care', 'help'],
    ['!care text x', 'text'],
  ];
  for (const [text, name] of RUN) {
    it(`takes ${JSON.stringify(text)} as ${name}`, async () => {
      expect((await runWith(NURSE, text)).runs).to.deep.equal([name]);
    });
  }

  const NOT_RUN: readonly string[] = [
    ...[
      '!care whoo',
      '!care hepl',
      '!care --help',
      '!care !care',
      '!care toString',
      '!care __proto__',
      '!care constructor',
    ],
    ...['!carewho', '!careful who', '!caer who', '!who', '!', '!care-who', 'care who', '\u200b!care who', '！care who'],
  ];
  for (const text of NOT_RUN) {
    it(`runs nothing for ${JSON.stringify(text)} and says where help is`, async () => {
      const { runs, answer } = await runWith(NURSE, text);
      expect(runs).to.deep.equal([]);
      expect(answer).to.match(/(not sent|Nothing was done or sent).*`!care help`/);
    });
  }

  it('hands the words after the name to the command as they were typed', async () => {
    const seen: string[] = [];
    const command: Command = { ...real[0]!, name: 'echo', run: async ({ args }) => (seen.push(args), 'ok') };
    await new CommandFixtureRunner(command).isRun(NURSE, '!care echo  Über "two"\nlines  ');
    expect(seen).to.deep.equal(['Über "two"\nlines']);
  });

  it('answers with what the caller did wrong', async () => {
    const run = async () => Promise.reject(new UserError('Say how.'));
    expect((await runWith(NURSE, '!care who', { run })).answer).to.equal('Say how.');
  });

  it('leaves faults to the queue and answers nothing', async () => {
    const fault = new TypeError('bug');
    const run = async () => Promise.reject(fault);
    const thrown = await runWith(NURSE, '!care who', { run }).catch((error: unknown) => error);
    expect(thrown).to.equal(fault);
  });

  it('takes a prefix that means something in a pattern as it is', async () => {
    const answers: string[] = [];
    const notifier = { say: async (_room: RoomId, answer: string) => void answers.push(answer) };
    const runner = new CommandRunner({
      ...{ commands: real, prefix: '.*', lines: { ofMember: () => [] }, admins: [], rooms: {}, notifier },
    } as never);
    const row = { trace: 't', event: { room_id: COMMAND_ROOM, event_id: '$a', sender: NURSE } };
    await runner.run(row as never, 'anything who', { roomId: COMMAND_ROOM, conversation: undefined });
    expect(answers[0]).to.match(/^This looks like a command/);
  });
});

describe('commands in rooms', () => {
  const LOOK_ALIKE: readonly string[] = [
    ...[
      '!care text +12125550150 Maria',
      '!caer text +12125550150',
      '!Care help',
      '!CARE',
      '  !care who',
      '\u00a0!care who',
    ],
    ...['\u200b!care who', '\u200e!care who', '\ufeff!care who', '！care who', '﹗care who', '¡care who', 'ǃcare who'],
    ...[
      '❗care who',
      '! care who',
      '/care who',
      '"!care who"',
      '“!care who”',
      '`!care who`',
      '**!care who**',
      '!!care who',
    ],
    ...['!саre who', '!cаre who', '!ｃａｒｅ who', '> !care who', '\n\n!care who', '!unknown', '!öffne'],
  ];
  for (const text of LOOK_ALIKE) {
    it(`never texts ${JSON.stringify(text)} to a patient, and answers`, async () => {
      const fixture = await CommandFixture.create();
      const { roomId } = await fixture.bridge.conversation('+12125550110');
      const answer = await fixture.type(text, roomId);
      await fixture.bridge.pump();
      expect(fixture.world.plain.textsTo('+12125550110')).to.deep.equal([]);
      expect(answer).to.match(/\S/);
    });
  }

  const TEXTS = [
    'care who',
    '¡Hola!',
    '! that hurts',
    'Take care!',
    'I care',
    '5! is 120',
    '¿Cómo está?',
    '…care to come at 5?',
  ];
  for (const text of TEXTS) {
    it(`texts ${JSON.stringify(text)} to a patient`, async () => {
      const fixture = await CommandFixture.create();
      const { roomId } = await fixture.bridge.conversation('+12125550110');
      await fixture.bridge.writes(roomId, text);
      await fixture.bridge.pump();
      expect(fixture.world.plain.textsTo('+12125550110')).to.deep.equal([text]);
    });
  }

  it('says nothing to ordinary words in the command room, and does not run what a ghost says', async () => {
    const fixture = await CommandFixture.create();
    expect(await fixture.type('good morning')).to.equal(undefined);
    expect(await fixture.type('!care help', COMMAND_ROOM, GHOST)).to.equal(undefined);
  });

  it('runs nothing in a room that is neither the command room nor a conversation', async () => {
    const fixture = await CommandFixture.create();
    fixture.world.rooms.add('!elsewhere' as RoomId);
    expect(await fixture.type('!care help', '!elsewhere' as RoomId)).to.equal(undefined);
  });

  it('answers once where the same command is run again after a crash', async () => {
    const fixture = await CommandFixture.create();
    const { roomId } = await fixture.bridge.conversation('+12125550110');
    const row = {
      ...{ id: '9', lane: roomId, attempts: 0, trace: 'trace', receivedAt: Date.now() },
      event: {
        type: 'm.room.encrypted',
        room_id: roomId,
        event_id: '$a',
        sender: NURSE,
        origin_server_ts: 0,
        content: {},
      },
    };
    const conversation = await fixture.bridge.find('+12125550110');
    for (let time = 0; time < 3; time++)
      await fixture.bridge.runner.run(row as never, '!care who', { roomId, conversation });
    await fixture.bridge.pump();
    expect(fixture.world.sender.said(roomId).filter((words) => words.includes('•••0110'))).to.have.length(2);
  });
});

/** The runner with one command in it. */
class CommandFixtureRunner {
  readonly #command: Command;

  constructor(command: Command) {
    this.#command = command;
  }

  async isRun(sender: UserId, text = `!care ${this.#command.name}`): Promise<boolean> {
    let isRun = false;
    const run: Command['run'] = async (call) => {
      isRun = true;
      return this.#command.run(call);
    };
    const runner = new CommandRunner({
      commands: [{ ...this.#command, run }],
      prefix: PREFIX,
      lines: { ofMember: () => [{}] },
      admins: [ADMIN],
      rooms: { isEncrypted: async () => true },
      notifier: { say: async () => undefined },
    } as never);
    const row = { trace: 't', event: { room_id: COMMAND_ROOM, event_id: '$a', sender } };
    await runner.run(row as never, text, { roomId: COMMAND_ROOM, conversation: undefined }).catch(() => undefined);
    return isRun;
  }
}
