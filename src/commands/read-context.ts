import type { CarePolicy } from '../model/care-policy.ts';
import type { RoomId } from '../model/ids.ts';
import type { Country } from '../model/phone-number.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { PolicyInEffect } from '../services/policy-in-effect.ts';

/** What is known while a line is read. */
export interface ReadContext {
  readonly room: KnownRoom;
  readonly policy: CarePolicy;
  readonly country: Country;
  /** The room behind an alias, `#name:server`; undefined where there is none. */
  resolveAlias(alias: string): Promise<RoomId | undefined>;
}

/** Where that comes from. */
export interface ReadContextParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly rooms: Pick<Rooms, 'resolveAlias'>;
  readonly country: Country;
}

/** What is known now, for a line that was typed in `room`. */
export async function contextIn({ policy, rooms, country }: ReadContextParts, room: KnownRoom): Promise<ReadContext> {
  return { room, policy: await policy.current(), country, resolveAlias: (alias) => rooms.resolveAlias(alias) };
}
