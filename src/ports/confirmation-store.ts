import type { EventId, RoomId, UserId } from '../model/ids.ts';

/** A destructive command that waits for a yes. */
export interface PendingConfirmation {
  readonly id: string;
  readonly roomId: RoomId;
  /** The command's event. */
  readonly commandEvent: EventId;
  /** The bot's preview, to which people react; undefined until it is sent. */
  readonly promptEvent: EventId | undefined;
  readonly requestedBy: UserId;
  /** The command line without the prefix; may hold PHI: an encrypted column. */
  readonly commandLine: string;
  /** SHA-256, hex, of what the preview showed: confirmed is exactly that. */
  readonly previewHash: string;
  /** True where somebody else than `requestedBy` must confirm. */
  readonly needsSecondPerson: boolean;
  /** Unix ms. */
  readonly expiresAt: number;
  /** The yes that counted, once there was one: from then on the command is run, also by a process that starts anew; undefined before. */
  readonly confirmed: ConfirmedBy | undefined;
}

/** Whose yes it was, and the event that said it. */
export interface ConfirmedBy {
  readonly by: UserId;
  readonly event: EventId;
  /** Unix ms. */
  readonly at: number;
}

/** How one ended. */
export type ConfirmationEnd = 'confirmed' | 'cancelled' | 'expired' | 'superseded';

/** Waiting confirmations; single use. Those that ended are not found any more. */
export interface ConfirmationStore {
  add(confirmation: PendingConfirmation): Promise<boolean>;
  setPrompt(id: string, promptEvent: EventId): Promise<void>;
  findByPrompt(promptEvent: EventId): Promise<PendingConfirmation | undefined>;
  /** Those that this command's event made necessary. */
  findByCommand(commandEvent: EventId): Promise<readonly PendingConfirmation[]>;
  find(id: string): Promise<PendingConfirmation | undefined>;
  /** True where a prompt of this room is still to be sent, so that a reaction may be to a prompt that nobody knows yet. */
  isPrompting(roomId: RoomId): Promise<boolean>;
  /** Takes the yes, once: only the first call returns true. It is found until it ends, which is when the command was run. */
  confirm(id: string, confirmed: ConfirmedBy): Promise<boolean>;
  /** Ends it, once: only the first call returns true. */
  end(id: string, end: ConfirmationEnd, by: string, at: number): Promise<boolean>;
  /** Ends one to which nobody has said yes: false also where somebody has, by now. */
  drop(id: string, end: Exclude<ConfirmationEnd, 'confirmed'>, by: string, at: number): Promise<boolean>;
  /** Past `now`, without a yes, and not ended. */
  expired(now: number): Promise<readonly PendingConfirmation[]>;
}
