import type { LineId, UserId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';

/** A business number of ours, as far as services need it. */
export interface Line {
  readonly id: LineId;
  readonly number: PhoneNumber;
  readonly carrier: string;
  readonly team: readonly UserId[];
}

/** The configured lines, and who may speak for them. */
export class Lines {
  readonly #lines: readonly Line[];

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  get all(): readonly Line[] {
    return this.#lines;
  }

  /** The line with this id, or undefined where the configuration no longer has it. */
  find(id: LineId): Line | undefined {
    return this.#lines.find((line) => line.id === id);
  }

  /** The line that `carrier` serves under `number`. */
  findByNumber(carrier: string, number: PhoneNumber): Line | undefined {
    return this.#lines.find((line) => line.carrier === carrier && line.number === number);
  }

  /** The lines in whose team `user` is, in the order of the configuration. */
  ofMember(user: UserId): readonly Line[] {
    return this.#lines.filter((line) => line.team.includes(user));
  }
}
