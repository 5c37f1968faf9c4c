import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { Permission } from '../model/permission.ts';
import type { SetupAction, SetupFacts, SetupState, SetupTurn } from '../model/setup.ts';
import { isPermitted } from '../policy/permissions.ts';
import { afterAction, beginSetup, continueSetup, withoutSetup } from '../policy/setup/setup-machine.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** Whose doing it is: the same event acts once. */
export interface SetupCause {
  readonly actor: UserId;
  readonly eventId: EventId;
  readonly trace: string;
}

/** What setting up needs. */
export interface SetUpParts {
  readonly settings: SettingsStore;
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly facts: () => Promise<SetupFacts>;
  /** Does it, and says in a sentence what came of it. Throws UserError where it cannot be done. */
  readonly act: (action: SetupAction, cause: SetupCause) => Promise<string>;
  /** What is not yet compliant. */
  readonly report: () => Promise<string>;
  readonly now?: () => number;
}

/** Plain words of who is being led through are for us this long after the last question. ms. */
const LISTEN_MS = 60 * 60_000;

/** What each thing that the bot does needs beside `set-up`. */
const NEEDS: Readonly<Record<SetupAction['kind'], Permission>> = {
  'make-security-room': 'manage-rooms',
  'make-unit': 'manage-rooms',
  'give-role': 'manage-roles',
};

interface Remembered {
  readonly state: SetupState | undefined;
  readonly roomId: RoomId;
  readonly at: number;
  /** The event that was answered last, and with what: asked again after a crash, it is answered the same. */
  readonly eventId: EventId;
  readonly says: string;
}

/** Leads an administrator through the setting up, in a conversation that outlives restarts. */
export class SetUp {
  readonly #parts: SetUpParts;

  constructor(parts: SetUpParts) {
    this.#parts = parts;
  }

  /** One turn. Without words it begins, or goes on where it was left. */
  async answer(cause: SetupCause & { readonly roomId: RoomId; readonly words: string }): Promise<string> {
    const { actor, eventId, roomId, words } = cause;
    const known = await this.#recall(actor);
    if (known?.eventId === eventId) return known.says;
    const turn = await this.#turn(known?.state, words.trim(), cause);
    const says = turn.isFinished ? `${turn.says}\n\n${await this.#parts.report()}` : turn.says;
    const remembered: Remembered = { state: turn.state, roomId, at: this.#now(), eventId, says };
    await this.#parts.settings.set(keyOf(actor), JSON.stringify(remembered));
    return says;
  }

  /** What a yes or the last answer of a form would have done, for `--dry-run`; changes nothing. */
  async preview(actor: UserId, words: string): Promise<string> {
    const [known, facts] = await Promise.all([this.#recall(actor), this.#parts.facts()]);
    const turn = next(known?.state, words.trim(), facts);
    return turn.action === undefined ? turn.says : `I would do: ${turn.action.kind}.`;
  }

  /** True where the plain words of `user` in this room are an answer. */
  async isListening(user: UserId, roomId: RoomId): Promise<boolean> {
    const known = await this.#recall(user);
    return known?.state !== undefined && known.roomId === roomId && this.#now() - known.at < LISTEN_MS;
  }

  async #turn(state: SetupState | undefined, words: string, cause: SetupCause): Promise<SetupTurn> {
    const { facts, act, policy } = this.#parts;
    const turn = next(state, words, await facts());
    if (turn.action === undefined || turn.state === undefined) return turn;
    const needed = NEEDS[turn.action.kind];
    if (!isPermitted(await policy.current(), cause.actor, needed)) {
      return {
        says: `Refused: for that your role must permit ${needed}. Say \`next\` to skip it.`,
        state: turn.state,
      };
    }
    return afterAction(turn.state, await act(turn.action, cause), await facts());
  }

  async #recall(user: UserId): Promise<Remembered | undefined> {
    const written = await this.#parts.settings.get(keyOf(user));
    return written === undefined ? undefined : (JSON.parse(written) as Remembered);
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)();
  }
}

function next(state: SetupState | undefined, words: string, facts: SetupFacts): SetupTurn {
  if (state === undefined) return withoutSetup(words, facts);
  return words === '' ? beginSetup(state, facts) : continueSetup(state, words, facts);
}

function keyOf(user: UserId): string {
  return `setup:${user}`;
}
