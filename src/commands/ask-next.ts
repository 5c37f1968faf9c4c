import { RetryableError, UserError } from '../errors.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { AskConfirmation } from './ask-confirmation.ts';
import type { CarryOut, ReadyCommand } from './carry-out.ts';
import { previewOf } from './command-preview.ts';
import type { Answer, Command, CommandCall } from './command.ts';
import type { CommandGate } from './gate.ts';
import type { ReadContext } from './read-context.ts';
import { findCommand, readLine } from './read-line.ts';

/** What asking about the next command needs. */
export interface AskNextParts {
  readonly byName: ReadonlyMap<string, Command>;
  readonly gate: CommandGate;
  readonly carryOut: CarryOut;
  readonly context: (room: KnownRoom) => Promise<ReadContext>;
  readonly asking: Pick<AskConfirmation, 'prompt'>;
}

/**
 * What asks about the command that an answer proposes, to be called in the transaction that tells the answer. undefined where whoever called may not run
 * it, where there is nothing to do, or where it cannot be shown at this moment.
 */
export async function askNext(
  { byName, gate, carryOut, context, asking }: AskNextParts,
  call: CommandCall,
  next: NonNullable<Answer['next']>,
): Promise<(() => Promise<void>) | undefined> {
  const found = findCommand(byName, next.line);
  if (found === undefined || (await gate.refusal(found.command, call.sender, call.room))) return undefined;
  try {
    const { args } = await readLine(found, await context(call.room));
    const own = { ...call, repliesTo: undefined, confirmedBy: undefined, isRepeat: false };
    const ready: ReadyCommand = { command: found.command, call: own, args };
    const preview = await previewOf(ready);
    if ('refused' in preview || preview.isNothingToDo || !(await carryOut.begin(ready, 'asked'))) return undefined;
    const text = `${next.ask}\n${preview.text}`;
    return () => asking.prompt(ready, next.line, { ...preview, text }, `${call.eventId} ${next.line}`);
  } catch (error) {
    if (error instanceof UserError || error instanceof RetryableError) return undefined;
    throw error;
  }
}
