import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { EventId, RoomId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { UnitId } from '../model/role.ts';
import { powerOf } from '../model/room-power.ts';
import { stateId, type RoomSnapshot } from '../model/room-snapshot.ts';
import { reconcile } from '../policy/reconcile.ts';
import { isKnownVersion } from '../policy/room-versions.ts';
import { BOT_POWER } from '../policy/wanted-power-levels.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import { changesInWords } from './changes-in-words.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What adopting needs. */
export interface AdoptRoomParts {
  readonly policy: PolicyInEffect;
  readonly control: Pick<RoomControl, 'join' | 'refresh'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'add' | 'unitSpace'>;
  /** Has it put right. */
  readonly roomsChanged: (rooms: readonly RoomId[]) => void;
}

/** What is to become of which room. */
export interface Adoption {
  readonly roomId: RoomId;
  readonly phiClass: PhiClass;
  readonly unit: UnitId | undefined;
}

/** Takes a room that people made under governance. */
export class AdoptRoom {
  readonly #parts: AdoptRoomParts;

  constructor(parts: AdoptRoomParts) {
    this.#parts = parts;
  }

  /**
   * What the bot could and could not do there, said beforehand. The bot joins for it where it was invited, since nobody sees a room from outside, and
   * changes nothing. Throws UserError where it cannot be adopted.
   */
  async preview(adoption: Adoption): Promise<{ readonly text: string; readonly facts: JsonValue }> {
    const policy = await this.#parts.policy.current();
    await this.#requireFree(adoption);
    const snapshot = await this.#look(adoption.roomId);
    const room = await this.#roomOf(adoption, snapshot, '');
    const power = powerOf(snapshot, policy.namespace.bot);
    const words = changesInWords(reconcile(policy, room, snapshot));
    const members = [...snapshot.members.values()].filter((membership) => membership === 'join').length;
    const kind = room.kind === 'unit' ? `the space of unit ${room.unit}` : 'the room of a care team';
    return {
      text: [
        `${adoption.roomId} would be governed as ${kind}, class ${room.phiClass}${room.unit && room.kind !== 'unit' ? `, of unit ${room.unit}` : ''}.`,
        `Room version ${snapshot.version}, ${members} members.`,
        power >= BOT_POWER
          ? 'The bot has enough power to keep the policy, as far as this room version allows.'
          : `The bot has power ${power} of ${BOT_POWER}: until somebody gives it that, it can only report.`,
        ...words.lines,
      ].join('\n'),
      facts: { room: adoption.roomId, class: room.phiClass, unit: room.unit ?? null, changes: words.facts },
    };
  }

  /** Does it, once for each event; the room is put right after that. */
  async run(adoption: Adoption, cause: EventId): Promise<GovernedRoom> {
    const { governedRooms, policy, roomsChanged } = this.#parts;
    const opaqueId = createHash('sha256').update(`adopt:${cause}`).digest('hex').slice(0, 26);
    const known = await governedRooms.find(adoption.roomId);
    if (known?.opaqueId === opaqueId) return known;
    await this.#requireFree(adoption);
    const room = await this.#roomOf(adoption, await this.#look(adoption.roomId), opaqueId);
    await governedRooms.add(room);
    if (room.unit !== undefined) policy.invalidate();
    roomsChanged([room.roomId]);
    return room;
  }

  async #requireFree({ roomId }: Adoption): Promise<void> {
    const known = await this.#parts.governedRooms.find(roomId);
    if (known !== undefined) throw new UserError(`This room is governed already (${known.kind}, ${known.phiClass}).`);
  }

  async #look(roomId: RoomId): Promise<RoomSnapshot> {
    const { control, policy } = this.#parts;
    if (!(await control.join(roomId))) {
      const { bot } = (await policy.current()).namespace;
      throw new UserError(
        `I am not in that room. Invite ${bot} there, give it power ${BOT_POWER}, and type this again.`,
      );
    }
    const snapshot = await control.refresh(roomId);
    if (!isKnownVersion(snapshot.version)) {
      throw new UserError('The room has a version that I do not know, so I cannot govern it. Nothing was done.');
    }
    return snapshot;
  }

  async #roomOf({ roomId, phiClass, unit }: Adoption, snapshot: RoomSnapshot, opaqueId: string): Promise<GovernedRoom> {
    const isSpace = snapshot.state.get(stateId('m.room.create'))?.content['type'] === 'm.space';
    if (isSpace && unit === undefined) throw new UserError('This is a space: say of which unit, with --unit.');
    if (isSpace && unit !== undefined && (await this.#parts.governedRooms.unitSpace(unit)) !== undefined) {
      throw new UserError(`Unit ${unit} has its space already.`);
    }
    return {
      roomId,
      opaqueId,
      unit,
      conversation: undefined,
      name: undefined,
      origin: 'adopted',
      since: Date.now(),
      ...(isSpace ? { kind: 'unit', phiClass: 'none' } : { kind: 'care-team', phiClass }),
    };
  }
}
