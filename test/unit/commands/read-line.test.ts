import { expect } from 'chai';
import { defineCommand, type Command } from '../../../src/commands/command.ts';
import * as parameters from '../../../src/commands/parameters.ts';
import type { ReadContext } from '../../../src/commands/read-context.ts';
import { findCommand, readLine } from '../../../src/commands/read-line.ts';
import { UserError } from '../../../src/errors.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import { ADMIN, COMMAND_ROOM, LINES, NAMESPACE } from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy } from '../../support/line-team-policy.ts';

const context: ReadContext = {
  room: { roomId: COMMAND_ROOM, conversation: undefined },
  policy: lineTeamPolicy(NAMESPACE, [ADMIN], LINES),
  country: 'US',
  resolveAlias: async (alias) => (alias === '#ward:hospital.test' ? ('!ward' as RoomId) : undefined),
};

function command(spec: { parameters?: object; options?: object }): Command {
  return defineCommand({
    name: 'x',
    summary: 'x',
    permission: 'use-commands',
    where: 'any-governed',
    effect: 'changes',
    parameters: spec.parameters as never,
    options: (spec.options ?? {}) as never,
    preview: async () => ({ text: '', facts: {} }),
    run: async () => ({ text: '' }),
  });
}

async function read(spec: Parameters<typeof command>[0], rest: string) {
  const { args, ...more } = await readLine({ command: command({ parameters: {}, ...spec }), rest }, context);
  return { ...more, ...args };
}

const { optional } = parameters;
const one = (parameter: unknown) => ({ parameters: { it: parameter } });
const HOUR = 3_600_000;

describe('reading a line', () => {
  const VALUES: readonly (readonly [string, unknown, string, unknown])[] = [
    ['a user', parameters.userParameter(''), '@lee:hospital.test', '@lee:hospital.test'],
    ['a user of elsewhere where that may be', parameters.userParameter('', { server: 'any' }), '@a:b.c', '@a:b.c'],
    ['a room id', parameters.roomParameter(''), '!abc:hospital.test', '!abc:hospital.test'],
    ['a room id of version 12', parameters.roomParameter(''), '!abc-DEF_1', '!abc-DEF_1'],
    ['here', parameters.roomParameter(''), 'Here', COMMAND_ROOM],
    ['an alias', parameters.roomParameter(''), '#ward:hospital.test', '!ward'],
    ['a link', parameters.roomParameter(''), 'https://matrix.to/#/!abc:b.c?via=b.c', '!abc:b.c'],
    ['an encoded link', parameters.roomParameter(''), 'https://matrix.to/#/%23ward%3Ahospital.test', '!ward'],
    ['a choice', parameters.choiceParameter('', ['on', 'off']), 'OFF', 'off'],
    ['a class', parameters.classParameter(''), 'sensitive', 'sensitive'],
    ['a role', parameters.roleParameter(''), 'line-team', 'line-team'],
    ['a unit', parameters.unitParameter(''), 'icu', 'icu'],
    ['minutes', parameters.durationParameter(''), '30m', HOUR / 2],
    ['hours', parameters.durationParameter(''), '2H', 2 * HOUR],
    ['a number with spaces', parameters.phoneParameter(''), '(212) 555-0110', '+12125550110'],
    ['text', parameters.textParameter(''), 'two  words\nand a line', 'two  words\nand a line'],
    ['text with unseen marks', parameters.textParameter(''), 'a\u202eb\u200bc', 'abc'],
    ['nothing where it may be left out', optional(parameters.userParameter('')), '', undefined],
  ];
  for (const [what, parameter, line, expected] of VALUES) {
    it(`takes ${what}`, async () => {
      expect(await read(one(parameter), line)).to.include({ it: expected });
    });
  }

  const WRONG: readonly (readonly [string, unknown, string])[] = [
    ['a room of an unknown alias', parameters.roomParameter(''), '#none:hospital.test'],
    ['a user for a room', parameters.roomParameter(''), '@lee:hospital.test'],
    ['a broken link', parameters.roomParameter(''), 'https://matrix.to/#/%E0%A4%A'],
    ['no choice', parameters.choiceParameter('', ['on', 'off']), 'toString'],
    ['an unknown role', parameters.roleParameter(''), '__proto__'],
    ['no time', parameters.durationParameter(''), '30'],
    ['half a time', parameters.durationParameter(''), '1.5h'],
    ['no time at all', parameters.durationParameter(''), '0m'],
    ['too long a time', parameters.durationParameter('', { max: 4 * HOUR }), '5h'],
    ['too short a time', parameters.durationParameter('', { min: HOUR }), '5m'],
    ['a time of ages', parameters.durationParameter(''), '999999d'],
    ['a word that does not match', parameters.wordParameter('', { pattern: /^a$/ }), 'b'],
    ['text that is too long', parameters.textParameter('', { maxLength: 3 }), 'four'],
    ['text of nothing', parameters.textParameter(''), '\u200b'],
    ['a word too much', parameters.wordParameter(''), 'a b'],
    ['a word that is missing', parameters.wordParameter(''), ''],
  ];
  for (const [what, parameter, line] of WRONG) {
    it(`refuses ${what}, and says so`, async () => {
      const fault = await read(one(parameter), line).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(UserError);
      expect((fault as Error).message).to.match(/\S{3,}/);
    });
  }

  const all = {
    parameters: { who: parameters.userParameter(''), why: optional(parameters.reasonParameter('')) },
    options: { for: parameters.durationParameter(''), all: parameters.flag('') },
  };
  const OPTIONS: readonly (readonly [string, object])[] = [
    ['@lee:hospital.test', { all: false, for: undefined, why: undefined, isDryRun: false, ticket: undefined }],
    ['--for 2h @lee:hospital.test phone lost', { for: 2 * HOUR, why: 'phone lost' }],
    ['@lee:hospital.test phone --for=2h lost', { for: 2 * HOUR, why: 'phone  lost' }],
    ['@lee:hospital.test --all phone lost', { all: true, why: 'phone lost' }],
    ['@lee:hospital.test —all —for 30m x', { all: true, for: HOUR / 2, why: 'x' }],
    ['@lee:hospital.test --ticket INC-1 x --dry-run', { ticket: 'INC-1', isDryRun: true, why: 'x' }],
    ['@lee:hospital.test fell - then -- ok – so', { why: 'fell - then -- ok – so' }],
  ];
  for (const [line, expected] of OPTIONS) {
    it(`reads the options of ${JSON.stringify(line)}`, async () => {
      expect(await read(all, line)).to.deep.include(expected);
    });
  }

  for (const line of [
    '--for',
    '--for=',
    '--for x',
    '--all=1',
    '--for 1h --for 2h',
    '--alll',
    '--ticket a\u200bb',
    '--\u200ball',
  ]) {
    it(`refuses ${JSON.stringify(line)}`, async () => {
      const fault = await read(all, `@lee:hospital.test ${line}`).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(UserError);
    });
  }

  it('finds the longest name', () => {
    const names = ['role', 'role give'].map((name) => ({ ...command({ parameters: {} }), name }));
    const byName = new Map(names.map((one) => [one.name, one]));
    expect(findCommand(byName, 'Role  GIVE  a b')).to.deep.include({ rest: 'a b' });
    expect(findCommand(byName, 'role give')?.command.name).to.equal('role give');
    expect(findCommand(byName, 'role  given x')).to.deep.include({ rest: 'given x' });
    expect(findCommand(byName, 'rolegive')).to.equal(undefined);
  });
});
