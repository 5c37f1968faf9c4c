/** The people outside and the rooms in which the team talks with them. */
import type { AddressId, ContactId, ConversationId, LineId, RoomId, UserId } from './ids.ts';
import type { PhoneNumber } from './phone-number.ts';

/** A person or organisation outside. The name is PHI and may be unknown. */
export interface Contact {
  readonly id: ContactId;
  readonly name: string | undefined;
  /** The appservice user that speaks for the contact. Its localpart is opaque. */
  readonly ghost: UserId;
}

/** A number of a contact; consent belongs to it. */
export interface Address {
  readonly id: AddressId;
  readonly contactId: ContactId;
  readonly number: PhoneNumber;
}

/** (line, address) <-> one encrypted room. `roomId` is undefined until the room was created. */
export interface Conversation {
  readonly id: ConversationId;
  readonly lineId: LineId;
  readonly contact: Contact;
  readonly address: Address;
  readonly roomId: RoomId | undefined;
  /** True once the card, the room's first encrypted event, was sent to the team. */
  readonly isIntroduced: boolean;
}
