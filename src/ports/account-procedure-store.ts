import type { EventId, RoomId, UserId } from '../model/ids.ts';

/** Something that is done to an account in several steps. A process that dies between two of them goes on where it was. */
export interface AccountProcedure {
  /** Made of the event that asked for it: the same event begins one. */
  readonly id: string;
  readonly kind: 'offboard';
  readonly userId: UserId;
  /** Who takes the user's place in lines. */
  readonly successor: UserId | undefined;
  readonly askedBy: UserId;
  /** Where the report goes. */
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly trace: string;
  /** Unix ms. */
  readonly startedAt: number;
  /** Since when it waits for a server, Unix ms: its patience is counted from then, in this process and later ones. Left out: it did not have to. */
  readonly waitsSince?: number;
}

/** How one step ended. `text` is PHI-free. */
export interface ProcedureStep {
  readonly step: string;
  readonly outcome: 'done' | 'partial' | 'failed';
  readonly text: string;
  /** Unix ms. */
  readonly at: number;
}

/** Procedures and their steps. Rows are never removed. */
export interface AccountProcedureStore {
  /** Returns false where it is there already. */
  begin(procedure: AccountProcedure): Promise<boolean>;
  /** True where it was begun, finished or not. */
  has(id: string): Promise<boolean>;
  /** Oldest first. */
  unfinished(): Promise<readonly AccountProcedure[]>;
  /** In the order in which they were done. */
  steps(id: string): Promise<readonly ProcedureStep[]>;
  /** Returns false where the step is there already: the first result counts. */
  addStep(id: string, step: ProcedureStep): Promise<boolean>;
  /** Commits since when it waits, Unix ms; the first time counts. */
  noteWaiting(id: string, since: number): Promise<void>;
  /** Returns false where it was finished already. */
  finish(id: string, at: number): Promise<boolean>;
}
