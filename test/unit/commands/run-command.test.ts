import { expect } from 'chai';
import { defineCommand, type Command, type CommandCall } from '../../../src/commands/command.ts';
import { optional, textParameter } from '../../../src/commands/parameters.ts';
import { PermanentError, RetryableError, UserError } from '../../../src/errors.ts';
import { COMMAND_NAMES, type CommandName } from '../../../src/model/command-name.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { PERMISSIONS, type Permission } from '../../../src/model/permission.ts';
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
import { RunnerFixture, sampleLine, typed } from './runner-fixture.ts';

const real = new TestBridge(await newWorld(memoryStorage())).commands;

const STRANGERS: Readonly<Record<string, UserId>> = {
  'a visitor': VISITOR,
  'a ghost': GHOST,
  'the bot itself': NAMESPACE.bot,
  'a guest': '@1234:hospital.test' as UserId,
  'a nurse of the same name elsewhere': '@nurse:evil.test' as UserId,
  'an administrator by another case': ADMIN.toUpperCase() as UserId,
};

/** One command with parameters of free words. */
function echo(more: Partial<Pick<Command, 'permission' | 'name'>> & { run?: (words: string) => Promise<string> } = {}) {
  return defineCommand({
    name: more.name ?? 'echo',
    summary: 'x',
    effect: 'reads',
    where: 'any-governed',
    permission: more.permission ?? 'use-commands',
    parameters: { words: optional(textParameter('words')) },
    run: async (_call, { words = '' }) => ({ text: (await more.run?.(words)) ?? 'done' }),
  });
}

describe('running commands (A1, A2)', () => {
  for (const command of real) {
    const { name, permission } = command;
    for (const [who, user] of Object.entries(STRANGERS)) {
      it(`${name} is refused to ${who}, and the audit log has it (F2)`, async () => {
        const fixture = new RunnerFixture(real, { isStubbed: true });
        const { runs, answer } = await fixture.type(user, `${PREFIX} ${name} x`);
        expect(runs).to.deep.equal([]);
        expect(answer).to.match(/^Refused: /);
        const [entry, ...more] = fixture.audited();
        expect(more).to.deep.equal([]);
        expect(entry).to.include({ actor: user, outcome: 'refused', action: `command.${name.replaceAll(' ', '.')}` });
      });
    }

    it(`${name} runs for those with permission ${permission}, and for nobody with all the others`, async () => {
      const others = Object.keys(PERMISSIONS).filter((one) => one !== permission) as Permission[];
      for (const [permissions, expected] of [
        [[permission, 'use-commands'], [name]],
        [[permission], permission === 'use-commands' ? [name] : []],
        [others, []],
        [[], []],
      ] as const) {
        const fixture = new RunnerFixture(real, { isStubbed: true, permissions, where: command.where });
        const { runs, answer } = await fixture.runAndConfirm(`${PREFIX} ${sampleLine(command)}`);
        expect(runs, `${permissions.join()} ${answer}`).to.deep.equal(expected);
      }
    });

    it(`${name} is refused to whoever is locked out (D3)`, async () => {
      const options = { isStubbed: true, where: command.where, absent: [NURSE] };
      const { runs, answer } = await new RunnerFixture(real, options).runAndConfirm(`${PREFIX} ${sampleLine(command)}`);
      expect(runs).to.deep.equal([]);
      expect(answer).to.match(/^Refused: your account is locked/);
    });

    if (permission !== 'use-commands') {
      it(`${name} runs for a role that is limited to it, and not for one that is limited to all others`, async () => {
        const others = COMMAND_NAMES.filter((one) => one !== name);
        for (const [only, expected] of [
          [[name as CommandName], [name]],
          [others, []],
        ] as const) {
          const fixture = new RunnerFixture(real, { isStubbed: true, only, where: command.where });
          const { runs, answer } = await fixture.runAndConfirm(`${PREFIX} ${sampleLine(command)}`);
          expect(runs, answer).to.deep.equal(expected);
        }
      });
    }

    it(`${name} is refused in a room that is not encrypted`, async () => {
      const fixture = new RunnerFixture(real, {
        permissions: [permission, 'use-commands'],
        where: command.where,
        isEncrypted: false,
      });
      const { runs, answer } = await fixture.type(NURSE, `${PREFIX} ${sampleLine(command)}`);
      expect(runs).to.deep.equal([]);
      expect(answer).to.equal('Refused: this room is not encrypted. Use an encrypted room.');
    });
  }

  it('are all on the list of names that a role can be limited to, but for those that everybody needs', () => {
    const named = real.filter(({ permission }) => permission !== 'use-commands').map(({ name }) => name);
    expect(named).to.deep.equal(COMMAND_NAMES);
  });

  it('denies a command that states no permission, or one that is not on the list', async () => {
    for (const permission of [undefined, 'everybody', '', 'toString', '__proto__', 'constructor']) {
      const fixture = new RunnerFixture([{ ...real[0]!, permission: permission as Permission }], {
        permissions: Object.keys(PERMISSIONS) as Permission[],
      });
      const { runs } = await fixture.type(NURSE, `${PREFIX} ${sampleLine(real[0]!)}`);
      expect(runs, String(permission)).to.deep.equal([]);
    }
  });

  it('denies a command that states no place, or one that is not on the list', async () => {
    for (const where of [undefined, 'everywhere', 'toString']) {
      const fixture = new RunnerFixture([{ ...echo(), where: where as never }]);
      expect((await fixture.type(NURSE, `${PREFIX} echo`)).runs, String(where)).to.deep.equal([]);
    }
  });

  it('states for every command a permission of the list, a usage that begins with its name, and a summary', () => {
    for (const { name, usage, summary, permission } of real) {
      expect(Object.keys(PERMISSIONS)).to.include(permission);
      expect(`${usage} `.startsWith(`${name} `), usage).to.equal(true);
      expect(summary).to.match(/\S/);
    }
  });

  it('refuses a list in which two commands have the same name', () => {
    expect(() => new RunnerFixture([real[0]!, real[0]!])).to.throw('same name');
  });

  const COMMANDS = ['who', 'help', 'text', 'role give', 'role', 'room create'].map((name) => echo({ name }));
  const RUN: readonly (readonly [string, string])[] = [
    ['!care who', 'who'],
    ['!CARE WHO', 'who'],
    ['!care    who   ', 'who'],
    ['!care\nwho', 'who'],
    ['!care\twho', 'who'],
    ['!care', 'help'],
    ['!care text x', 'text'],
    ['!care role give x', 'role give'],
    ['!care ROLE   Give', 'role give'],
    ['!care role\ngive', 'role give'],
    ['!care role gives', 'role'],
    ['!care room create', 'room create'],
  ];
  for (const [text, name] of RUN) {
    it(`takes ${JSON.stringify(text)} as ${name}`, async () => {
      expect((await new RunnerFixture(COMMANDS).type(NURSE, text)).runs).to.deep.equal([name]);
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
      '!care room',
      '!care room  destroy',
      '!care give role',
    ],
    ...['!carewho', '!careful who', '!caer who', '!who', '!', '!care-who', 'care who', '\u200b!care who', '！care who'],
  ];
  for (const text of NOT_RUN) {
    it(`runs nothing for ${JSON.stringify(text)}, says where help is, and audits it without its words`, async () => {
      const fixture = new RunnerFixture(COMMANDS);
      const { runs, answer } = await fixture.type(NURSE, text);
      expect(runs).to.deep.equal([]);
      expect(answer).to.match(/(not sent|Nothing was done or sent).*`!care help`/);
      expect(fixture.audited()).to.have.length(1);
      expect(fixture.audited()[0]).to.include({ action: 'command.unknown', outcome: 'refused', actor: NURSE });
    });
  }

  it('names the commands that begin with the word', async () => {
    const { answer } = await new RunnerFixture([echo({ name: 'room create' }), echo({ name: 'room release' })]).type(
      NURSE,
      '!care room',
    );
    expect(answer).to.match(/^Say which: room create, room release\. Nothing was done/);
  });

  it('hands the words after the name to the command as they were typed', async () => {
    const seen: string[] = [];
    const command = echo({ run: async (words) => (seen.push(words), 'ok') });
    await new RunnerFixture([command]).type(NURSE, '!care echo  Über "two"\nlines  ');
    expect(seen).to.deep.equal(['Über "two"\nlines']);
  });

  it('answers with what the caller did wrong', async () => {
    const command = echo({ run: async () => Promise.reject(new UserError('Say how.')) });
    const fixture = new RunnerFixture([command]);
    expect((await fixture.type(NURSE, '!care echo')).answer).to.equal('Say how.');
    expect(fixture.audited().map(({ outcome }) => outcome)).to.deep.equal(['refused']);
  });

  it('leaves faults to the queue and answers nothing', async () => {
    const fault = new TypeError('bug');
    const fixture = new RunnerFixture([echo({ run: async () => Promise.reject(fault) })]);
    const thrown = await fixture.type(NURSE, '!care echo').catch((error: unknown) => error);
    expect(thrown).to.equal(fault);
    expect(fixture.answers).to.deep.equal([]);
  });

  for (const [what, attempts, retryAfterMs, isTold] of [
    ['a moment', 0, undefined, false],
    ['more than one try', 1, undefined, true],
    ['as long as the fault says', 0, 60_000, true],
  ] as const) {
    it(`where a command has to wait for ${what}, ${isTold ? 'says at once what for, and lets others pass' : 'says nothing'}`, async () => {
      const away = new RetryableError('it is away.', retryAfterMs === undefined ? {} : { retryAfterMs });
      const fixture = new RunnerFixture([echo({ run: async () => Promise.reject(away) })]);
      for (let again = 0; again < 2; again++) {
        const thrown = await fixture
          .type(NURSE, '!care echo', { attempts, eventId: '$waits' })
          .catch((error: unknown) => error);
        expect(thrown).to.equal(away);
      }
      const said =
        'This is not done yet: it is away. It will be tried again automatically, and answered then. (Reference trace)';
      expect(fixture.answers).to.deep.equal(isTold ? [said] : []);
      expect(fixture.setAside.size).to.equal(isTold ? 1 : 0);
    });
  }

  it('says why where it cannot even be shown what would be done', async () => {
    const refused = new PermanentError('Could not look: its admin credential may not do this.');
    const preview = () => Promise.reject(refused);
    const fixture = new RunnerFixture([{ ...echo(), effect: 'destroys', preview }]);
    expect((await fixture.type(NURSE, '!care echo')).answer).to.include(`This could not be done: ${refused.message}`);
    expect(fixture.audited().map(({ outcome }) => outcome)).to.deep.equal(['failed']);
  });

  it('gives up a fault that does not pass after many tries, and says so', async () => {
    const fixture = new RunnerFixture([echo({ run: async () => Promise.reject(new RetryableError('it is away.')) })]);
    const { answer } = await fixture.type(NURSE, '!care echo', { attempts: 20 });
    expect(answer).to.match(/^This could not be done: it is away\. \(Reference /);
    expect(fixture.audited().at(-1)).to.include({ outcome: 'failed' });
  });

  it('takes a prefix that means something in a pattern as it is', async () => {
    const { answer } = await new RunnerFixture(real, { prefix: '.*' }).type(NURSE, 'anything who');
    expect(answer).to.match(/^This looks like a command/);
  });

  it('refuses what was typed in the clear, and what an edit made of a message', async () => {
    const fixture = new RunnerFixture([echo()]);
    const clear = await fixture.type(NURSE, '!care echo', { isEncrypted: false });
    expect(clear.answer).to.match(/^Refused: this room is not encrypted/);
    const edited = await new RunnerFixture([echo()]).type(NURSE, '!care echo', { isEdit: true });
    expect(edited.answer).to.equal('Refused: commands are not run from edits. Type it as a new message.');
    expect(edited.runs).to.deep.equal([]);
  });
});

describe('the audit of commands (F1, F2)', () => {
  const change = (run: (call: CommandCall) => Promise<void>) =>
    defineCommand({
      name: 'change',
      summary: 'x',
      permission: 'manage-roles',
      where: 'any-governed',
      effect: 'changes',
      parameters: { words: optional(textParameter('words')) },
      preview: async () => ({ text: 'It would change.', facts: {} }),
      run: async (call) => (await run(call), { text: 'Changed.' }),
    });

  it('is written before anything changes, and again with the outcome', async () => {
    const before: number[] = [];
    const fixture: RunnerFixture = new RunnerFixture([change(async () => void before.push(fixture.audited().length))]);
    await fixture.type(NURSE, '!care change maria has hives --ticket INC-7');
    expect(before).to.deep.equal([1]);
    const details = fixture.audited().map((entry) => (entry.details as { step: string }).step);
    expect(details).to.deep.equal(['begun', 'ended']);
    expect(fixture.audited()[1]).to.include({ ticket: 'INC-7', actor: NURSE, roomId: COMMAND_ROOM });
    expect(JSON.stringify(fixture.audited())).not.to.match(/hives|maria/);
  });

  it('cannot be written: what changes something is not run, and that is said', async () => {
    let runs = 0;
    const fixture = new RunnerFixture([change(async () => void runs++)], { auditFault: new RetryableError('full') });
    const { answer } = await fixture.type(NURSE, '!care change');
    expect(runs).to.equal(0);
    expect(answer).to.match(/^Refused: the audit log cannot be written, so nothing was done/);
  });

  it('has one entry for each step, however often the command is run again', async () => {
    const fixture = new RunnerFixture([change(async () => undefined)]);
    for (let time = 0; time < 3; time++) await fixture.type(NURSE, '!care change', { eventId: '$same' });
    expect(fixture.audited()).to.have.length(2);
    expect(fixture.answers).to.have.length(1);
  });

  it('shows with --dry-run, also where a phone made one dash of two, and runs nothing', async () => {
    for (const option of ['--dry-run', '—dry-run', '–dry-run', '--DRY-RUN']) {
      let runs = 0;
      const fixture = new RunnerFixture([change(async () => void runs++)]);
      const { answer } = await fixture.type(NURSE, `!care change ${option} x`);
      expect(answer, option).to.equal('Only shown, nothing was done.\nIt would change.');
      expect(runs).to.equal(0);
    }
  });

  for (const option of [
    '--dryrun',
    '--dry_run',
    '—dryrun',
    '--dry-run=no',
    '--dry-run=',
    '--dry-run --dry-run',
    '--no',
    '--ticket',
    '--ticket=',
  ]) {
    it(`runs nothing for ${option}`, async () => {
      let runs = 0;
      const fixture = new RunnerFixture([change(async () => void runs++)]);
      const { answer } = await fixture.type(NURSE, `!care change x ${option}`);
      expect([runs, answer === 'Changed.'], answer).to.deep.equal([0, false]);
    });
  }
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
      id: '9',
      lane: roomId,
      attempts: 0,
      trace: 'trace',
      receivedAt: Date.now(),
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
      await fixture.bridge.runner.run(row as never, typed('!care who'), { roomId, conversation });
    await fixture.bridge.pump();
    expect(fixture.world.sender.said(roomId).filter((words) => words.includes('•••0110'))).to.have.length(2);
  });
});
