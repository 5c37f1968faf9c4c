import { UserError } from '../errors.ts';
import type { RoomId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { TypedCommand } from '../services/handle-staff-message.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Notifier } from '../services/notifier.ts';
import { actionOf, auditId, commandEntry, entryOf } from './command-audit.ts';
import type { Refusal } from './gate.ts';
import type { ReadContext } from './read-context.ts';
import { readLine, type FoundCommand, type ReadLine } from './read-line.ts';

/** What refusing needs. */
export interface RefuseLineParts {
  readonly audit: AuditLog;
  readonly notifier: Notifier;
  readonly transactions: Transactions;
  readonly context: (room: KnownRoom) => Promise<ReadContext>;
}

/** Why a line is not run: the code for the audit log, the words for the room. */
export interface LineRefusal {
  readonly code: Refusal['code'] | 'unknown' | 'edited' | 'words' | 'not-logged';
  readonly text: string;
}

/** Answers that a line is not run, in one commit with its audit entry. `found` is what it names, as far as that is known. */
export async function refuseLine(
  { audit, notifier, transactions, context }: RefuseLineParts,
  row: MatrixEventRow,
  { underNotice }: Pick<TypedCommand, 'underNotice'>,
  { code, text }: LineRefusal,
  found?: FoundCommand,
): Promise<void> {
  const { sender, event_id: eventId, room_id: roomId } = row.event;
  const asked = { sender, eventId, roomId, trace: row.trace };
  const read = found && (await readRefused(found, roomId, context));
  const details = { step: 'refused', why: code } as const;
  const entry = read
    ? commandEntry(asked, found.command, { step: 'refused', details, args: read.args, ticket: read.ticket })
    : { ...entryOf(asked, found ? actionOf(found.command) : 'command.unknown'), details };
  await transactions.run(async () => {
    await audit.append({ ...entry, id: auditId(entry.action, eventId, 'ended'), outcome: 'refused' });
    const about = { cause: `answer:${eventId}`, trace: row.trace, replyTo: underNotice ?? eventId };
    await notifier.say(roomId, text, about);
  });
}

/** What it was about, for the audit log; undefined where that cannot be read. Nobody is asked anything for it. */
async function readRefused(
  found: FoundCommand,
  roomId: RoomId,
  context: RefuseLineParts['context'],
): Promise<ReadLine | undefined> {
  try {
    const known = await context({ roomId, conversation: undefined });
    return await readLine(found, { ...known, resolveAlias: async () => undefined });
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
