import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { RoleChanges } from '../policy/role-changes.ts';
import type { ImportPlan, ImportRoles } from '../services/import-roles.ts';
import { changesInWords, MAX_SHOWN, problemsInWords } from '../services/role-words.ts';
import type { ReadAttachedText } from '../services/read-attached-text.ts';
import { defineCommand, type Command, type CommandCall, type Preview } from './command.ts';
import { optional, textParameter } from './parameters.ts';

/** Characters: as much as fits into an encrypted event with room to spare. */
const MAX_LENGTH = 30_000;

/** `role import`: makes the roles of source `csv` those of a list: in the same message, or a file. */
export function roleImportCommand({
  importRoles,
  attachedText,
}: {
  readonly importRoles: ImportRoles;
  readonly attachedText: Pick<ReadAttachedText, 'read'>;
}): Command {
  const importer = (call: CommandCall) => ({
    kind: 'user' as const,
    user: call.sender,
    eventId: call.eventId,
    ticket: call.ticket,
  });
  /** The list, and the event of the file that it was in. */
  const listOf = async (call: CommandCall, typed: string | undefined) => {
    if (typed !== undefined) return { text: typed };
    const { eventId, repliesTo, room } = call;
    const found = await attachedText.read(room.roomId, repliesTo === undefined ? [eventId] : [eventId, repliesTo]);
    if (found === undefined) throw new UserError(NO_LIST);
    return { text: found.text, file: found.eventId };
  };
  return defineCommand({
    name: 'role import',
    permission: 'manage-roles',
    where: 'command-room',
    effect: 'destroys',
    summary: 'give the roles in a list, and take back those that an earlier list gave',
    details: `The list is CSV, in the same message, below the command:
user,role
@lee:hospital.example,nurse
Or send it as a file into this room, and reply to the file with the command, or write the command as the file's caption: up to 1 MB.
Roles by commands, the configuration and the directory are left alone. Larger lists: carebridge roles import, on the server.`,
    parameters: {
      list: optional(textParameter('the list: user,role; omit it if it is a file', { maxLength: MAX_LENGTH })),
    },
    preview: async (call, { list }) => {
      const { text } = await listOf(call, list);
      const { changes, unchanged } = allowed(await importRoles.plan(text, importer(call)));
      const count = changes.give.length + changes.take.length;
      return {
        text: changesInWords(changes, unchanged),
        facts: factsOf(changes),
        ...(count === 0 && { isNothingToDo: true }),
      };
    },
    run: async (call, { list }) => {
      const { text, file } = await listOf(call, list);
      const { changes, unchanged } = allowed(await importRoles.run(text, importer(call), call.trace));
      const counts = { given: changes.give.length, taken: changes.take.length, unchanged };
      return {
        text: `The list is in effect: ${counts.given} given, ${counts.taken} taken, ${unchanged} as they were.`,
        data: counts,
        audit: { after: counts, ...(file && { details: { file } }) },
      };
    },
  });
}

const NO_LIST =
  'Nothing was done: there is no list. Write it below the command, reply with the command to a CSV file, or write it as the caption of one.';

/** All of it is confirmed, also what a phone does not show: in full where it fits into an event, else by its hash. */
function factsOf(changes: RoleChanges): Preview['facts'] {
  const [give, take] = [changes.give, changes.take].map((roles) =>
    roles.map(({ userId, roleId }) => `${userId} ${roleId}`),
  );
  const all = JSON.stringify([give, take]);
  if (all.length <= MAX_LENGTH) return { give: give ?? [], take: take ?? [] };
  const sha256 = createHash('sha256').update(all).digest('hex');
  return { give: changes.give.length, take: changes.take.length, sha256 };
}

function allowed(plan: ImportPlan): Extract<ImportPlan, { outcome: 'allowed' }> {
  if (plan.outcome === 'allowed') return plan;
  throw new UserError(`The list was not imported:\n${problemsInWords(plan.problems, MAX_SHOWN)}`);
}
