import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { DeviceLabel } from '../model/device-label.ts';
import type { UserId } from '../model/ids.ts';
import type { Notifier } from './notifier.ts';

/** What telling needs. */
export interface TellSecurityParts {
  readonly governedRooms: GovernedRoomStore;
  readonly notifier: Notifier;
}

/**
 * Puts words into the security room, durably; before there is one, into the command room, without what is for the eyes of security alone. Inside a
 * transaction they are committed with their cause.
 */
export class TellSecurity {
  readonly #parts: TellSecurityParts;

  constructor(parts: TellSecurityParts) {
    this.#parts = parts;
  }

  /**
   * `confidential` is added in the security room only: an administrator's own words, which may name a patient. `device`: the one that it is about, which a
   * reaction then ends. `isAlarm`: somebody should look now, so that the clients of whoever is there notify of it.
   */
  async tell(
    text: string,
    about: {
      cause: string;
      trace: string;
      confidential?: string;
      isAlarm?: boolean;
      device?: { readonly userId: UserId; readonly device: DeviceLabel };
    },
  ): Promise<void> {
    const { governedRooms, notifier } = this.#parts;
    const { confidential, ...shared } = about;
    const [room] = await governedRooms.ofKind('security');
    if (room === undefined) return await notifier.tellAdmins(`${text}\n(There is no security room yet.)`, shared);
    const all = confidential === undefined ? text : `${text}\n${confidential}`;
    await notifier.say(room.roomId, all, shared);
  }
}
