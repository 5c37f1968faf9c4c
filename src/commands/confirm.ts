import { defineCommand, type Answer, type Command, type CommandCall } from './command.ts';
import { wordParameter } from './parameters.ts';

/** Takes a decision under its code; wired to the runner by the composition root. */
export type Decide = (call: CommandCall, code: string, isYes: boolean) => Promise<Answer>;

/** How a code looks. */
export const CODE = { pattern: /^[a-z2-7]{8}$/i, form: 'the code of 8 characters', isOpaque: true } as const;

/** `confirm <code>`: the yes of whoever cannot react, encrypted and signed as every message. What it starts is audited under its own name. */
export function confirmCommand(decide: Decide): Command {
  return defineCommand({
    name: 'confirm',
    permission: 'use-commands',
    where: 'any-governed',
    effect: 'reads',
    summary: 'confirm a pending command by its code, as ✅ does',
    parameters: { code: wordParameter('the code that the question shows', CODE) },
    run: (call, { code }) => decide(call, code.toLowerCase(), true),
  });
}
