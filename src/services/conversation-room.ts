import type { ContactId, ConversationId, LineId, UserId } from '../model/ids.ts';
import type { RoomToMake } from './make-governed-room.ts';

/** How a patient's room is made and kept: nothing in it tells who it is. */
export function conversationRoom(conversation: {
  readonly id: ConversationId;
  readonly lineId: LineId;
  readonly contactId: ContactId;
  readonly ghost: UserId;
}): RoomToMake {
  const { id, lineId, contactId, ghost } = conversation;
  return {
    key: id,
    kind: 'conversation',
    phiClass: 'phi',
    unit: undefined,
    conversation: { id, lineId, ghost },
    name: `Patient ${opaqueLabel(contactId)} (${lineId})`,
  };
}

/** Four letters that tell rooms apart without telling who it is. */
export function opaqueLabel(contactId: ContactId): string {
  return contactId.slice(0, 4).toUpperCase();
}
