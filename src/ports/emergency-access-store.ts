import type { EmergencyAccess } from '../model/governed-room.ts';
import type { RoomId, UserId } from '../model/ids.ts';

/** Break-glass grants. The reason is an encrypted column. */
export interface EmergencyAccessStore {
  /** Returns false where the id is there already. */
  grant(access: EmergencyAccess): Promise<boolean>;
  /** Not ended; also those past their expiry. From memory once read. */
  open(): Promise<readonly EmergencyAccess[]>;
  find(roomId: RoomId, userId: UserId): Promise<EmergencyAccess | undefined>;
  /** Returns false where it has ended already. */
  end(id: string, endedBy: string, at: number): Promise<boolean>;
  /** All that were granted in [from, to), Unix ms, oldest first. */
  between(from: number, to: number): Promise<readonly EmergencyAccess[]>;
}
