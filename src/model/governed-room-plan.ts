import type { UserId } from './ids.ts';

/** A new governed room. Everything that policy wants is written at creation, so that it never was otherwise. */
export interface GovernedRoomPlan {
  /** Opaque and unique, becomes the room's alias localpart, so that creating twice gives the same room. */
  readonly key: string;
  readonly name: string;
  readonly topic: string;
  readonly isSpace: boolean;
  /** `m.federate` of the create event: can never be changed. */
  readonly federate: boolean;
  readonly initialState: readonly {
    readonly type: string;
    readonly stateKey: string;
    readonly content: Readonly<Record<string, unknown>>;
  }[];
  readonly invite: readonly UserId[];
  /** A patient's side: joins as soon as the room exists, before people are asked in. */
  readonly ghost?: UserId;
}
