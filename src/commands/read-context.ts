import type { CarePolicy } from '../model/care-policy.ts';
import type { RoomId } from '../model/ids.ts';
import type { Country } from '../model/phone-number.ts';
import type { KnownRoom } from '../services/known-room.ts';

/** What is known while a line is read. */
export interface ReadContext {
  readonly room: KnownRoom;
  readonly policy: CarePolicy;
  readonly country: Country;
  /** The room behind an alias, `#name:server`; undefined where there is none. */
  resolveAlias(alias: string): Promise<RoomId | undefined>;
}
