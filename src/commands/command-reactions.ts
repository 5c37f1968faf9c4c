import type { Handled } from '../model/handled.ts';
import type { EventId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { ConfirmationStore } from '../ports/confirmation-store.ts';
import type { TypedCommand } from '../services/handle-staff-message.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Command, GivenCommand } from './command.ts';
import type { Confirmations } from './confirmations.ts';
import type { TypedLine } from './find-typed.ts';
import { reactionIn } from './reaction.ts';
import { tellOfWait, type TellOfWaitParts } from './tell-of-wait.ts';

/** What taking reactions needs. */
export interface CommandReactionsParts extends TellOfWaitParts {
  readonly byName: ReadonlyMap<string, Command>;
  readonly store: Pick<ConfirmationStore, 'findByPrompt' | 'isPrompting'>;
  readonly confirmations: Pick<Confirmations, 'decide'>;
  /** What END_DEVICE_SIGN under this event stands for; undefined where it is no notice about a device. */
  readonly commandOfNotice: (notice: EventId) => Promise<GivenCommand | undefined>;
  /** Runs a command for whoever put a sign, if they may. */
  readonly run: (row: MatrixEventRow, typed: TypedCommand, room: KnownRoom, found: TypedLine) => Promise<void>;
}

/** How long a reaction waits for the prompt that it may belong to, ms. */
const PROMPT_WAIT_MS = 10_000;
/** How long the sign under a notice waits for the notice, ms. Meanwhile the room’s other commands wait too. */
const NOTICE_WAIT_MS = 2_000;

/** What people put under the bot's questions and notices: a yes or a no, or the sign that stands for a command. */
export class CommandReactions {
  readonly #parts: CommandReactionsParts;

  constructor(parts: CommandReactionsParts) {
    this.#parts = parts;
  }

  /** Takes a reaction; undefined where it is to no question and no notice of ours. */
  async take(row: MatrixEventRow, room: KnownRoom): Promise<Handled | undefined> {
    const reaction = reactionIn(row.event);
    if (reaction === undefined) return undefined;
    const { to, isYes, endsDevice } = reaction;
    return endsDevice ? this.#underNotice(row, room, to) : this.#underPrompt(row, room, to, isYes);
  }

  async #underPrompt(
    row: MatrixEventRow,
    room: KnownRoom,
    prompt: EventId,
    isYes: boolean | undefined,
  ): Promise<Handled | undefined> {
    const { store, confirmations, notifier } = this.#parts;
    const found = await store.findByPrompt(prompt);
    if (found === undefined) return this.#unknownPrompt(row, room, isYes !== undefined);
    if (isYes === undefined) return 'done';
    const { sender: by, event_id: event, origin_server_ts: at } = row.event;
    const decided = await tellOfWait(this.#parts, row, room, () =>
      confirmations.decide(found, { isYes, isTyped: false, by, event, at, room, attempts: row.attempts }),
    );
    if (decided.outcome === 'ignored' && decided.isForAll) {
      const about = { cause: `reaction:${event}`, trace: row.trace, replyTo: found.commandEvent };
      await notifier.say(room.roomId, decided.why, about);
    }
    return 'done';
  }

  /** The prompt is known only after it was sent: a quick hand, or a restart, may bring the reaction first. */
  async #unknownPrompt(row: MatrixEventRow, room: KnownRoom, isDecision: boolean): Promise<Handled | undefined> {
    if (!isDecision || Date.now() - row.receivedAt >= PROMPT_WAIT_MS) return undefined;
    const mayCome = await this.#parts.store.isPrompting(room.roomId);
    return mayCome ? { waitMs: 250, code: 'prompt-not-sent' } : undefined;
  }

  /**
   * Runs what a notice stands for, for whoever put the sign under it: everything that is checked of a command is checked, and who may not run it is
   * refused. No words are read for it: whoever is told of chose some of them.
   */
  async #underNotice(row: MatrixEventRow, room: KnownRoom, notice: EventId): Promise<Handled | undefined> {
    const { byName, commandOfNotice, run } = this.#parts;
    const given = await commandOfNotice(notice);
    const command = given && byName.get(given.name);
    if (given === undefined || command === undefined) {
      // As with prompts, the notice may be known only in a moment. Notices are in no patient's room.
      const mayCome = room.conversation === undefined && Date.now() - row.receivedAt < NOTICE_WAIT_MS;
      return mayCome ? { waitMs: 250, code: 'notice-not-sent' } : undefined;
    }
    const typed = { text: '', repliesTo: undefined, underNotice: notice, isEdit: false, isEncrypted: true };
    await run(row, typed, room, { command, line: '', rest: '', given: given.args });
    return 'done';
  }
}
