import { PermanentError, UserError } from '../errors.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import { PHI_CLASS_EVENT } from '../model/phi-class.ts';
import type { RoomChange } from '../model/room-change.ts';
import { stateId, type RoomSnapshot } from '../model/room-snapshot.ts';
import { heirsOf, holdsPeople, levelsAfterRelease } from '../policy/heirs.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { GovernRooms } from './govern-rooms.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What releasing needs. */
export interface ReleaseRoomParts {
  readonly policy: PolicyInEffect;
  readonly control: Pick<RoomControl, 'refresh' | 'apply' | 'leave'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'release'>;
  readonly govern: Pick<GovernRooms, 'alone'>;
}

/** What became of it. */
export interface Released {
  /** Who governs the room now. */
  readonly heirs: readonly UserId[];
  /** What the bot could not do, in words. */
  readonly problems: readonly string[];
}

/** The bridge itself needs these. */
const NEVER: ReadonlySet<RoomKind> = new Set(['conversation', 'command', 'security']);

/** Ends the governance of a room: people get the power back, and the bot leaves. */
export class ReleaseRoom {
  readonly #parts: ReleaseRoomParts;

  constructor(parts: ReleaseRoomParts) {
    this.#parts = parts;
  }

  /** Who would govern the room. Throws UserError where it is refused. */
  async preview(roomId: RoomId, actor: UserId): Promise<{ readonly text: string; readonly facts: JsonValue }> {
    const { room, snapshot, heirs } = await this.#judge(roomId, actor);
    if (room === undefined) {
      return { text: 'This room is not governed. The bot would leave it.', facts: { room: roomId, heirs: [] } };
    }
    return {
      text: [
        `${roomId} would no longer be governed: nobody is removed, nothing is changed back, and its class is no longer shown.`,
        heirs.length === 0
          ? 'Nobody is in it.'
          : `Would get power 100: ${heirs.join(', ')}. Others keep none until they give it.`,
        ...(snapshot?.creators.size
          ? ['In this room version the creator keeps the highest power even after leaving.']
          : []),
        'The bot would leave.',
      ].join('\n'),
      facts: { room: roomId, heirs: [...heirs] },
    };
  }

  /** Does it. Repeated after an interruption it does what is left. */
  async run(roomId: RoomId, actor: UserId): Promise<Released> {
    const { governedRooms, govern, policy } = this.#parts;
    return await govern.alone(roomId, async () => {
      const { room, snapshot, heirs } = await this.#judge(roomId, actor);
      if (room !== undefined) {
        // First: what is written now would be put back otherwise.
        await governedRooms.release(roomId, actor, Date.now());
        if (room.unit !== undefined) policy.invalidate();
      }
      if (snapshot === undefined) return { heirs: [], problems: [] };
      const problems = isOurs(snapshot) ? await this.#handOver(roomId, snapshot, heirs) : [];
      await this.#parts.control.leave(roomId);
      return { heirs: problems.length === 0 ? heirs : [], problems };
    });
  }

  async #handOver(roomId: RoomId, snapshot: RoomSnapshot, heirs: readonly UserId[]): Promise<string[]> {
    const { control, policy } = this.#parts;
    const { bot } = (await policy.current()).namespace;
    const rule = 'release';
    const write = (type: string, after: Record<string, unknown>): RoomChange => ({
      kind: 'set-state',
      rule,
      why: 'the room is released.',
      type,
      stateKey: '',
      after,
      before: snapshot.state.get(stateId(type))?.content,
    });
    const problems: string[] = [];
    const levels = (...also: UserId[]) => write('m.room.power_levels', levelsAfterRelease([...also, ...heirs]));
    const standsAbove = snapshot.creators.has(bot);
    const alias = opaqueAlias(await policy.current(), snapshot);
    // By the class event a repetition knows that there is something left to do. Last the bot gives its own power away: nobody else could take it.
    const changes = [
      ...(heirs.length === 0 ? [] : [standsAbove ? levels() : levels(bot)]),
      // The address by which the bridge finds what it made: a unit whose space is released can have another one.
      ...(alias === undefined
        ? []
        : [
            write('m.room.canonical_alias', {}),
            { kind: 'remove-alias', rule, why: 'the room is released.', alias } as const,
          ]),
      write(PHI_CLASS_EVENT, {}),
      ...(heirs.length === 0 || standsAbove ? [] : [levels()]),
    ];
    for (const change of changes) {
      const outcome = await control.apply(roomId, change);
      if (outcome.outcome !== 'applied') problems.push(outcome.problem);
    }
    return problems;
  }

  async #judge(roomId: RoomId, actor: UserId): Promise<Judged> {
    const room = await this.#parts.governedRooms.find(roomId);
    if (room !== undefined && NEVER.has(room.kind)) {
      throw new UserError(`A ${room.kind} room is the bridge’s own and cannot be released. Nothing was done.`);
    }
    const snapshot = await this.#look(roomId);
    if (snapshot === undefined) {
      if (room === undefined) throw new UserError('This room is not governed, and the bot is not in it.');
      return { room, snapshot, heirs: [] };
    }
    const policy = await this.#parts.policy.current();
    const governed = room ?? { ...UNKNOWN, roomId };
    const heirs = heirsOf(policy, governed, snapshot, actor);
    if (heirs.length === 0 && room !== undefined && holdsPeople(policy, snapshot)) {
      throw new UserError(
        'Nobody in the room could govern it. Join it yourself, or have somebody with a role of power 50 or more join. Nothing was done.',
      );
    }
    return { room, snapshot, heirs };
  }

  async #look(roomId: RoomId): Promise<RoomSnapshot | undefined> {
    try {
      return await this.#parts.control.refresh(roomId);
    } catch (error) {
      if (error instanceof PermanentError) return undefined;
      throw error;
    }
  }
}

interface Judged {
  readonly room: GovernedRoom | undefined;
  /** undefined: the bot is not in the room. */
  readonly snapshot: RoomSnapshot | undefined;
  readonly heirs: readonly UserId[];
}

/** A room whose row is ended already: an interrupted release. */
const UNKNOWN: Omit<GovernedRoom, 'roomId' | 'since'> = {
  kind: 'care-team',
  phiClass: 'phi',
  opaqueId: '',
  unit: undefined,
  conversation: undefined,
  name: undefined,
  origin: 'adopted',
};

function opaqueAlias({ namespace }: CarePolicy, snapshot: RoomSnapshot): string | undefined {
  const alias = snapshot.state.get(stateId('m.room.canonical_alias'))?.content['alias'];
  const { ghostPrefix, domain } = namespace;
  const isOpaque = typeof alias === 'string' && alias.startsWith(`#${ghostPrefix}`) && alias.endsWith(`:${domain}`);
  return isOpaque ? alias : undefined;
}

/** It says that it is governed. */
function isOurs(snapshot: RoomSnapshot): boolean {
  return Object.keys(snapshot.state.get(stateId(PHI_CLASS_EVENT))?.content ?? {}).length > 0;
}
