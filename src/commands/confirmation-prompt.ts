import { createHash } from 'node:crypto';
import { parseEventId, type EventId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { PendingConfirmation } from '../ports/confirmation-store.ts';
import { cut, dataOf } from './carry-out.ts';
import type { Command, Preview } from './command.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const CODE_LENGTH = 8;

/** The short id of the confirmation that something made necessary, most often an event: the same cause always has the same. */
export function codeOf(cause: string): string {
  const bytes = createHash('sha256').update(`confirmation ${cause}`).digest();
  return Array.from(bytes.subarray(0, CODE_LENGTH), (byte) => BASE32[byte & 31]).join('');
}

/** What is kept of a command until it is run: the line without the prefix, and what is not in it. */
export interface KeptLine {
  readonly line: string;
  readonly repliesTo: EventId | undefined;
  readonly trace: string;
}

/** As one text, for the encrypted column. */
export function keep(line: KeptLine): string {
  return JSON.stringify(line);
}

/** What `keep` wrote. */
export function kept({ commandLine }: Pick<PendingConfirmation, 'commandLine'>): KeptLine {
  const { line, repliesTo, trace } = JSON.parse(commandLine) as { line: string; repliesTo?: string; trace: string };
  return { line, repliesTo: parseEventId(repliesTo), trace };
}

/** The question: what would be done, and how to say yes or no. */
export function promptFor(about: {
  readonly id: string;
  readonly command: Command;
  readonly preview: Preview;
  readonly prefix: string;
  readonly expiresAt: number;
}): { text: string; data: JsonValue } {
  const { id, command, preview, prefix, expiresAt } = about;
  const { needsSecondPerson } = command;
  const until = new Date(expiresAt).toISOString().slice(11, 16);
  const [yes, no] = [`\`${prefix} confirm ${id}\``, `\`${prefix} cancel ${id}\``];
  const question = needsSecondPerson
    ? `Somebody else who may approve types ${yes} to do it; ❌ drops it, until ${until} UTC. (Or ${no}.)`
    : `React with ✅ to do it, ❌ to drop it; until ${until} UTC. (Or ${yes}, ${no}.)`;
  return {
    text: `${cut(preview.text)}\n\n${question}`,
    data: {
      ...dataOf(command, 'asked', preview.facts),
      confirmation: { code: id, expiresAt, needsSecondPerson },
    },
  };
}
