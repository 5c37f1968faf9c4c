import { RetryableError } from '../errors.ts';
import { parseRoomId, type RoomId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import { clientPath, type HomeserverCalls } from './homeserver.ts';
import { errcodeOf } from './matrix-fault.ts';
import { chooseRoomVersion, type RoomVersion } from './room-version.ts';

/** What making a room needs. */
export interface RoomMakerParts {
  readonly homeserver: HomeserverCalls;
  readonly namespace: Namespace;
  /** Room version for new rooms; undefined is the homeserver's default. */
  readonly roomVersion: string | undefined;
}

/** Makes rooms as the bot, each key once: its alias is what tells that it was made already. */
export class RoomMaker {
  readonly #parts: RoomMakerParts;
  #version: RoomVersion | undefined;

  constructor(parts: RoomMakerParts) {
    this.#parts = parts;
  }

  /** Makes the room from the body that `body` gives; or finds the one of an earlier call, which may be incomplete: `isNew` is false. */
  async make(
    key: string,
    body: (aliasLocalpart: string, version: RoomVersion) => Readonly<Record<string, unknown>>,
  ): Promise<{ roomId: RoomId; isNew: boolean }> {
    const { homeserver, namespace } = this.#parts;
    const aliasLocalpart = `${namespace.ghostPrefix}${key}`;
    try {
      const answer = await homeserver.call(namespace.bot, 'create a room', {
        method: 'POST',
        path: clientPath`/_matrix/client/v3/createRoom`,
        body: body(aliasLocalpart, await this.version()),
      });
      return { roomId: roomIdIn(answer), isNew: true };
    } catch (error) {
      // Its answer was lost, or the process died before it was stored.
      if (errcodeOf(error) !== 'M_ROOM_IN_USE') throw error;
      return { roomId: await this.#find(`#${aliasLocalpart}:${namespace.domain}`), isNew: false };
    }
  }

  /** The version of new rooms, asked of the homeserver once. */
  async version(): Promise<RoomVersion> {
    const { homeserver, namespace, roomVersion } = this.#parts;
    this.#version ??= chooseRoomVersion(
      roomVersion,
      await homeserver.call(namespace.bot, 'read what the homeserver can do', {
        method: 'GET',
        path: clientPath`/_matrix/client/v3/capabilities`,
      }),
    );
    return this.#version;
  }

  async #find(alias: string): Promise<RoomId> {
    const path = clientPath`/_matrix/client/v3/directory/room/${alias}`;
    return roomIdIn(
      await this.#parts.homeserver.call(this.#parts.namespace.bot, 'look up a room', { method: 'GET', path }),
    );
  }
}

function roomIdIn(answer: Record<string, unknown>): RoomId {
  const roomId = parseRoomId(answer['room_id']);
  if (roomId === undefined) throw new RetryableError('The homeserver answered without a room id.');
  return roomId;
}
