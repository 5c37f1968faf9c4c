import { expect } from 'chai';
import { defineCommand, type Answer } from '../../../src/commands/command.ts';
import {
  choiceParameter,
  durationParameter,
  flag,
  optional,
  reasonParameter,
  roomParameter,
  textParameter,
  userParameter,
} from '../../../src/commands/parameters.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';

const about = { summary: 'x', permission: 'manage-roles', where: 'command-room' } as const;
const done = async (): Promise<Answer> => ({ text: 'done' });

describe('defining a command', () => {
  it('infers the types of the arguments', () => {
    const command = defineCommand({
      ...about,
      name: 'role give',
      effect: 'changes',
      parameters: {
        user: userParameter('who'),
        verb: choiceParameter('which', ['a', 'b']),
        reason: optional(reasonParameter('why')),
      },
      options: { for: durationParameter('how long'), room: roomParameter('where'), all: flag('every one') },
      preview: async () => ({ text: '', facts: {} }),
      run: async (_call, args) => {
        const user: UserId = args.user;
        const verb: 'a' | 'b' = args.verb;
        const reason: string | undefined = args.reason;
        const ms: number | undefined = args.for;
        const room: RoomId | undefined = args.room;
        const all: boolean = args.all;
        // @ts-expect-error: there is no such argument
        void args.nothing;
        return { text: [user, verb, reason, ms, room, all].join(' ') };
      },
    });
    expect(command.usage).to.equal('role give <user> <verb> [reason] [--for <for>] [--room <room>] [--all]');
  });

  it('does not type-check where something destructive or changing has no preview', () => {
    // @ts-expect-error: no preview
    defineCommand({ ...about, name: 'lock', effect: 'destroys', parameters: {}, run: done });
    // @ts-expect-error: no preview
    defineCommand({ ...about, name: 'lock', effect: 'changes', parameters: {}, run: done });
    defineCommand({ ...about, name: 'list', effect: 'reads', parameters: {}, run: done });
    // @ts-expect-error: not a permission of the list
    defineCommand({ ...about, permission: 'all', name: 'list', effect: 'reads', parameters: {}, run: done });
    // @ts-expect-error: no permission
    defineCommand({ name: 'list', summary: '', where: 'command-room', effect: 'reads', parameters: {}, run: done });
  });

  const WRONG = {
    'a name of three words': { name: 'role give now' },
    'capitals in a name': { name: 'Role' },
    'words after the rest': { parameters: { why: textParameter('why'), who: userParameter('who') } },
    'a parameter that must be there after one that may not': {
      parameters: { why: optional(userParameter('why')), who: userParameter('who') },
    },
    'an option that the framework has': { options: { 'dry-run': flag('x') } },
  };
  for (const [what, wrong] of Object.entries(WRONG)) {
    it(`refuses ${what}`, () => {
      expect(() =>
        defineCommand({ ...about, name: 'x', effect: 'reads', parameters: {}, run: done, ...(wrong as object) }),
      ).to.throw();
    });
  }
});
