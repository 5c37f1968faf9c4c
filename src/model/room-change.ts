import type { UserId } from './ids.ts';

/**
 * One difference between a room and its policy. `rule` names the rule that asks for it, e.g. `join-rules`; `why` says in plain, PHI-free words
 * what was wrong, for the log, the audit and the room.
 */
export type RoomChange = { readonly rule: string; readonly why: string } & (
  | {
      /** Write a state event. */
      readonly kind: 'set-state';
      readonly type: string;
      readonly stateKey: string;
      /** What is there now; undefined where nothing is. */
      readonly before: Readonly<Record<string, unknown>> | undefined;
      readonly after: Readonly<Record<string, unknown>>;
    }
  /** Take an alias of the room out of the directory. */
  | { readonly kind: 'remove-alias'; readonly alias: string }
  /** Get a user in. */
  | { readonly kind: 'invite'; readonly userId: UserId }
  /** Get a user out, or their invitation or knock back. `why` is shown to them. */
  | { readonly kind: 'remove'; readonly userId: UserId }
  /** Undo a ban of somebody who must be in. */
  | { readonly kind: 'unban'; readonly userId: UserId }
  /** It cannot be put right by the bot: people are told. */
  | { readonly kind: 'report' }
);

/** What became of a change. `denied`: the bot has no power to; `failed`: something else, worth another try. */
export type ChangeOutcome =
  { readonly outcome: 'applied' } | { readonly outcome: 'denied' | 'failed'; readonly problem: string };
