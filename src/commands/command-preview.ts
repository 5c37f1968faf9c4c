import { PermanentError, UserError } from '../errors.ts';
import { notDone, type ReadyCommand } from './carry-out.ts';
import type { Preview } from './command.ts';

/** Why a command cannot be shown. `failed`: what it needs to know it cannot know now, and the caller is not to blame. */
export interface NoPreview {
  readonly refused: string;
  readonly outcome: 'refused' | 'failed';
}

/** What a command would do, or why that cannot be shown. Throws RetryableError where it is worth waiting. */
export async function previewOf({ command, call, args }: ReadyCommand): Promise<Preview | NoPreview> {
  if (command.preview === undefined) throw new TypeError('a command that only reads is never confirmed');
  try {
    return await command.preview(call, args);
  } catch (error) {
    if (error instanceof UserError) return { refused: error.message, outcome: 'refused' };
    if (error instanceof PermanentError) return { refused: notDone(error, call), outcome: 'failed' };
    throw error;
  }
}
