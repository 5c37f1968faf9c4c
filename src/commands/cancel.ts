import { defineCommand, type Command } from './command.ts';
import { CODE, type Decide } from './confirm.ts';
import { wordParameter } from './parameters.ts';

/** `cancel <code>`: the no of whoever cannot react. */
export function cancelCommand(decide: Decide): Command {
  return defineCommand({
    name: 'cancel',
    permission: 'use-commands',
    where: 'any-governed',
    effect: 'reads',
    summary: 'cancel a pending command by its code, as ❌ does',
    parameters: { code: wordParameter('the code that the question shows', CODE) },
    run: (call, { code }) => decide(call, code.toLowerCase(), false),
  });
}
