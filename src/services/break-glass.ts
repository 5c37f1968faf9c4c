/** Emergency access to a room (45 CFR 164.312(a)(2)(ii)): granted at once, announced at once, over by itself. */
import { createHash } from 'node:crypto';
import type { EmergencyAccess, GovernedRoom } from '../model/governed-room.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import { problemOfReason } from '../policy/emergency-reason.ts';
import { mayBreakGlass, timeOf, type BreakGlassRefusal } from '../policy/may-break-glass.ts';
import type { EndBreakGlass, EndBreakGlassParts } from './end-break-glass.ts';

/** What granting needs. */
export interface BreakGlassParts extends EndBreakGlassParts {
  readonly ending: EndBreakGlass;
  readonly limits: BreakGlassLimits;
  /** Of commands, e.g. `!care`. */
  readonly prefix: string;
  /** What staff cannot use now, e.g. a carrier that is down. Must answer soon and never throws (B2). */
  readonly unavailable: () => Promise<readonly string[]>;
}

/** How long a grant lasts, ms. */
export interface BreakGlassLimits {
  readonly defaultMs: number;
  readonly maxMs: number;
}

/** What is asked for. `cause` is the command's event: the same one grants once. */
export interface BreakGlassAsk {
  readonly roomId: RoomId;
  readonly user: UserId;
  readonly reason: string;
  readonly forMs: number | undefined;
  readonly cause: EventId;
  readonly trace: string;
  readonly ticket?: string | undefined;
}

/** What became of it. */
export type BreakGlassResult =
  | { readonly granted: EmergencyAccess; readonly room: GovernedRoom; readonly unavailable: readonly string[] }
  | { readonly refused: BreakGlassRefusal }
  /** It was committed and announced, and ended again, since the user could not be let in. */
  | { readonly failed: string };

/** Lets somebody into a room in an emergency. Neither a carrier nor a sign-in page is needed for it (B2). */
export class BreakGlass {
  readonly #parts: BreakGlassParts;

  constructor(parts: BreakGlassParts) {
    this.#parts = parts;
  }

  /** The longest that may be asked for, ms. */
  get limits(): BreakGlassLimits {
    return this.#parts.limits;
  }

  /** Why it would be refused; undefined where it would be granted. Changes nothing. */
  async check(ask: Omit<BreakGlassAsk, 'cause' | 'trace'>): Promise<BreakGlassRefusal | undefined> {
    const { governedRooms, emergencyAccess, control, policy, limits } = this.#parts;
    const problem = problemOfReason(ask.reason);
    if (problem !== undefined) return { code: 'no-reason', message: problem };
    if (ask.forMs !== undefined && ask.forMs > limits.maxMs) {
      return { code: 'too-long', message: `the longest time is ${Math.floor(limits.maxMs / 60_000)} minutes.` };
    }
    const room = await governedRooms.find(ask.roomId);
    return mayBreakGlass(await policy.current(), {
      user: ask.user,
      room,
      membership: room && (await control.snapshot(ask.roomId)).members.get(ask.user),
      open: await emergencyAccess.find(ask.roomId, ask.user),
    });
  }

  /** The grant is committed with its announcement before the user is invited: nobody is ever in without both. */
  async grant(ask: BreakGlassAsk): Promise<BreakGlassResult> {
    const id = idOf(ask.cause);
    const access = (await this.#find(id)) ?? (await this.#commit(id, ask));
    if ('code' in access) return { refused: access };
    const room = await this.#parts.governedRooms.find(ask.roomId);
    if (room === undefined) return { refused: { code: 'not-governed', message: 'the room was released meanwhile.' } };
    const outcome = await this.#parts.control.apply(ask.roomId, {
      kind: 'invite',
      rule: 'break-glass',
      why: 'emergency access',
      userId: ask.user,
    });
    if (outcome.outcome !== 'applied' && !(await this.#isIn(ask))) {
      await this.#parts.ending.close(access, { by: 'carebridge', trace: ask.trace, note: outcome.problem });
      return { failed: outcome.problem };
    }
    this.#parts.log.info('break-glass.granted', { roomId: ask.roomId, userId: ask.user, trace: ask.trace });
    return { granted: access, room, unavailable: await this.#parts.unavailable() };
  }

  async #find(id: string): Promise<EmergencyAccess | undefined> {
    return (await this.#parts.emergencyAccess.open()).find((access) => access.id === id);
  }

  async #commit(id: string, ask: BreakGlassAsk): Promise<EmergencyAccess | BreakGlassRefusal> {
    const refusal = await this.check(ask);
    if (refusal !== undefined) return refusal;
    const { emergencyAccess, ending, limits, transactions, policy, now = Date.now } = this.#parts;
    const grantedAt = now();
    const access: EmergencyAccess = {
      id,
      roomId: ask.roomId,
      userId: ask.user,
      reason: ask.reason,
      grantedAt,
      expiresAt: grantedAt + (ask.forMs ?? limits.defaultMs),
      endedAt: undefined,
      endedBy: undefined,
    };
    return await transactions.run(async () => {
      // Who left the room before the end of an earlier grant asks anew: two are never open.
      const earlier = await emergencyAccess.find(ask.roomId, ask.user);
      if (earlier !== undefined) await ending.close(earlier, { by: ask.user, trace: ask.trace });
      if (!(await emergencyAccess.grant(access))) {
        return { code: 'over', message: 'this emergency access is over. Ask again.' };
      }
      await this.#record(access, ask);
      transactions.afterCommit(() => policy.invalidate());
      return access;
    });
  }

  async #record(access: EmergencyAccess, ask: BreakGlassAsk): Promise<void> {
    const { audit, security, governedRooms, prefix } = this.#parts;
    const room = await governedRooms.find(ask.roomId);
    await audit.append({
      id: `break-glass:${access.id}:grant`,
      action: 'break-glass.grant',
      actor: ask.user,
      outcome: 'done',
      target: ask.user,
      roomId: ask.roomId,
      sourceEvent: ask.cause,
      reason: ask.reason,
      ...(ask.ticket !== undefined && { ticket: ask.ticket }),
      details: { access: access.id, room: room?.opaqueId ?? '', until: new Date(access.expiresAt).toISOString() },
      trace: ask.trace,
    });
    await security.tell(
      [
        `BREAK-GLASS: ${ask.user} enters room ${room?.opaqueId ?? ''} (${room?.kind ?? ''}, PHI class ${room?.phiClass ?? ''}) in an emergency, until ${timeOf(access.expiresAt)}.`,
        `Room: ${linkTo(ask.roomId)}`,
        `To end it: ${prefix} break-glass end ${ask.roomId} ${ask.user}`,
      ].join('\n'),
      {
        cause: `break-glass:${access.id}:granted`,
        trace: ask.trace,
        confidential: `Reason given: ${ask.reason}`,
        isAlarm: true,
      },
    );
  }

  async #isIn({ roomId, user }: BreakGlassAsk): Promise<boolean> {
    const membership = (await this.#parts.control.refresh(roomId)).members.get(user);
    return membership === 'join' || membership === 'invite';
  }
}

/** What people click on. */
export function linkTo(roomId: RoomId): string {
  return `https://matrix.to/#/${encodeURIComponent(roomId)}`;
}

/** One grant for each event, however often its command is run. */
function idOf(cause: EventId): string {
  return createHash('sha256').update(`break-glass:${cause}`).digest('hex').slice(0, 20);
}
