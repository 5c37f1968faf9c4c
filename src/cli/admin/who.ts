import { ConfigError, PermanentError, RetryableError, UserError } from '../../errors.ts';
import type { RoomKind } from '../../model/governed-room.ts';
import type { UserId } from '../../model/ids.ts';
import type { RoomSnapshot } from '../../model/room-snapshot.ts';
import { commandRoomProblem } from '../../policy/command-room.ts';
import { isPermitted } from '../../policy/permissions.ts';
import type { Account } from '../../ports/accounts.ts';
import type { Host } from './host.ts';

const KINDS = ['command', 'security'] as const satisfies readonly RoomKind[];

/** Also where somebody else has unlocked the account, in the homeserver’s own administration. */
const UNHEEDED = '; locked out by a command, so that the bot takes none from them: `admin unlock`';

/** A room for commands as it was found, or why it was not. */
interface Room {
  readonly kind: RoomKind;
  readonly snapshot: RoomSnapshot | undefined;
  /** Why it cannot be used, as a sentence. */
  readonly problem: string | undefined;
}

/**
 * `carebridge admin who`: who can administer at this moment, and what keeps the others from it. Changes nothing. Returns 0 where somebody can, as far as
 * all could be looked at; else 1.
 */
export async function who(host: Host, out: (line: string) => void): Promise<number> {
  const policy = await host.policy.current();
  const administrators = [...policy.assigned.keys()].filter((user) => isPermitted(policy, user, 'manage-accounts'));
  const rooms = await Promise.all(KINDS.map((kind) => lookAtRoom(host, kind)));
  let able = 0;
  for (const user of administrators) {
    const account = await told(() => host.accounts().find(user));
    const isHeeded = !policy.absent.has(user);
    const isAble = isHeeded && isUsable(account) && rooms.some((room) => isIn(room, user));
    if (isAble) able++;
    out(`${isAble ? 'can   ' : 'cannot'} ${user}  ${inWords(user, account, rooms)}${isHeeded ? '' : UNHEEDED}`);
  }
  for (const { kind, problem } of rooms) if (problem !== undefined) out(`The ${kind} room: ${problem}`);
  out(able === 0 ? 'Nobody can administer now, as far as could be seen.' : `${able} can administer now.`);
  return able === 0 ? 1 : 0;
}

async function lookAtRoom(host: Host, kind: (typeof KINDS)[number]): Promise<Room> {
  const [room] = await host.storage.governedRooms.ofKind(kind);
  if (room === undefined) return { kind, snapshot: undefined, problem: 'there is none.' };
  const snapshot = await told(async () => (await host.roomControl()).refresh(room.roomId));
  if (typeof snapshot === 'string')
    return {
      kind,
      snapshot: undefined,
      problem: `not known. ${snapshot} If it was deleted: Carebridge makes another within a minute, while it runs.`,
    };
  const unsafe = commandRoomProblem(await host.policy.current(), snapshot, { isSecurity: kind === 'security' });
  return { kind, snapshot, problem: unsafe && `not safe for commands: ${unsafe}` };
}

function isUsable(account: Account | string | undefined): boolean {
  if (account === undefined || typeof account === 'string') return false;
  return account.isLocked !== true && account.isSuspended !== true && account.isDeactivated !== true;
}

function isIn({ snapshot, problem }: Room, user: UserId): boolean {
  return problem === undefined && snapshot?.members.get(user) === 'join';
}

function inWords(user: UserId, account: Account | string | undefined, rooms: readonly Room[]): string {
  return [accountInWords(account), ...rooms.flatMap((room) => membershipInWords(room, user))].join('; ');
}

function accountInWords(account: Account | string | undefined): string {
  if (account === undefined) return 'there is no such account';
  if (typeof account === 'string') return `account not known (${account})`;
  const flags = [
    ...(account.isDeactivated === true ? ['deactivated'] : []),
    ...(account.isLocked === true ? ['locked'] : []),
    ...(account.isSuspended === true ? ['suspended'] : []),
  ];
  return `account ${flags.join(', ') || 'active'}`;
}

function membershipInWords({ kind, snapshot }: Room, user: UserId): string[] {
  if (snapshot === undefined) return [];
  const membership = snapshot.members.get(user) ?? 'never invited';
  return [`${kind} room: ${membership}`];
}

/** The answer, or why there is none. */
async function told<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if ([RetryableError, PermanentError, UserError, ConfigError].some((kind) => error instanceof kind))
      return (error as Error).message;
    throw error;
  }
}
