import { UserError } from '../errors.ts';
import type { EmergencyAccess } from '../model/governed-room.ts';
import { timeOf } from '../policy/may-break-glass.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import { defineCommand, type Command } from './command.ts';
import { wordParameter } from './parameters.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MOST_SHOWN = 40;

const day = (about: string) =>
  wordParameter(about, { pattern: /^\d{4}-\d\d-\d\d$/, form: 'a day, e.g. 2026-03-01', isOpaque: true });

/** `break-glass list`: who entered which room in an emergency, when and why. That it was read is in the audit log, as of every command. */
export function breakGlassListCommand({
  emergencyAccess,
}: {
  readonly emergencyAccess: EmergencyAccessStore;
}): Command {
  return defineCommand({
    name: 'break-glass list',
    permission: 'read-audit',
    where: 'command-room',
    effect: 'reads',
    summary: 'show who entered rooms in emergencies, and why',
    details: `Days are in UTC, both included. Without them: what is open, and the last ${DEFAULT_DAYS} days.`,
    parameters: {},
    options: { from: day('the first day'), to: day('the last day') },
    run: async (_call, { from, to }) => {
      const end = to === undefined ? Date.now() : startOf(to) + DAY_MS;
      const start = from === undefined ? end - DEFAULT_DAYS * DAY_MS : startOf(from);
      if (start >= end) throw new UserError('The first day is after the last.');
      const listed = await emergencyAccess.between(start, end);
      if (listed.length === 0) return { text: 'Nobody entered a room in an emergency in this time.', data: [] };
      const more = listed.length - MOST_SHOWN;
      return {
        text: [
          ...listed.slice(-MOST_SHOWN).map(inWords),
          ...(more > 0 ? [`and ${more} earlier: choose fewer days.`] : []),
        ].join('\n'),
        data: listed.slice(-MOST_SHOWN).map(({ id, roomId, userId, grantedAt, expiresAt, endedAt, endedBy }) => ({
          id,
          roomId,
          userId,
          grantedAt,
          expiresAt,
          endedAt: endedAt ?? null,
          endedBy: endedBy ?? null,
        })),
      };
    },
  });
}

function inWords({ roomId, userId, reason, grantedAt, expiresAt, endedAt, endedBy }: EmergencyAccess): string {
  const end =
    endedAt === undefined ? `OPEN until ${timeOf(expiresAt)}` : `ended ${timeOf(endedAt)} by ${endedBy ?? ''}`;
  return `${timeOf(grantedAt)} ${userId} in ${roomId}, ${end}\n    ${reason}`;
}

function startOf(written: string): number {
  const at = Date.parse(`${written}T00:00:00Z`);
  if (Number.isNaN(at)) throw new UserError('There is no such day. Write it as 2026-03-01.');
  return at;
}
