import type { CreateUnit } from '../services/create-unit.ts';
import { defineCommand, type Command } from './command.ts';
import { unitParameter } from './parameters.ts';

/** `unit create`: makes the space of a unit. */
export function unitCreateCommand({ createUnit }: { readonly createUnit: CreateUnit }): Command {
  return defineCommand({
    name: 'unit create',
    permission: 'manage-rooms',
    where: 'command-room',
    effect: 'changes',
    summary: 'make the space of a unit, with its rooms in it',
    details:
      'Units are in the configuration. Members of the space can join the unit’s rooms on their own, if the class allows it.',
    parameters: { unit: unitParameter('which unit') },
    preview: async (_call, { unit }) => ({ text: await createUnit.judge(unit), facts: { unit } }),
    run: async ({ isRepeat }, { unit }) => {
      if (!isRepeat) await createUnit.judge(unit);
      const { roomId, message } = await createUnit.run(unit);
      return { text: message, data: { room: roomId, unit }, audit: { target: roomId, after: { kind: 'unit', unit } } };
    },
  });
}
