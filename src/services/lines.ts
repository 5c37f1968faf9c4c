import type { LineId, UserId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';

/** A business number of ours, as far as services need it. */
export interface Line {
  readonly id: LineId;
  readonly number: PhoneNumber;
  readonly carrier: string;
  readonly team: readonly UserId[];
}

/** A team member who is absent (locked or offboarded). */
export interface Absence {
  readonly userId: UserId;
  /** Who stands in, in every team that the user is in. */
  readonly successor: UserId | undefined;
  /** For good; otherwise the account is locked, and the place is kept. */
  readonly isGone: boolean;
}

/** The configured lines, and who may speak for them now: users whose account is locked are skipped (D7). */
export class Lines {
  readonly #configured: readonly Line[];
  readonly #fallback: readonly UserId[];
  #present: readonly Line[];
  #assigned: readonly Line[];
  #gone: ReadonlySet<UserId> = new Set();
  #absent: ReadonlySet<UserId> = new Set();

  /** `fallback` is the team of a line of which everybody is absent. */
  constructor(lines: readonly Line[], fallback: readonly UserId[] = []) {
    this.#configured = lines;
    this.#fallback = fallback;
    this.#present = lines;
    this.#assigned = lines;
  }

  /** Who is absent from now on, and nobody else. */
  setAbsent(absent: readonly Absence[]): void {
    this.#absent = new Set(absent.map(({ userId }) => userId));
    this.#present = this.#without(absent, absent);
    const gone = absent.filter(({ isGone }) => isGone);
    this.#gone = new Set(gone.map(({ userId }) => userId));
    // Whoever stands in for a whole team needs a place in its rooms, beside those who keep theirs.
    this.#assigned = this.#without(gone, absent).map((line, index) => {
      const team = new Set([...line.team, ...(this.#present[index]?.team ?? [])]);
      return { ...line, team: [...team] };
    });
  }

  /** As the configuration has them. */
  get configured(): readonly Line[] {
    return this.#configured;
  }

  /** With the teams that can act now. */
  get all(): readonly Line[] {
    return this.#present;
  }

  /** With the teams that have a place in the lines' rooms: whoever is locked out keeps it. */
  get assigned(): readonly Line[] {
    return this.#assigned;
  }

  /** Who is absent for good. */
  get gone(): ReadonlySet<UserId> {
    return this.#gone;
  }

  /** Who is absent, for good or until `unlock`. */
  get absent(): ReadonlySet<UserId> {
    return this.#absent;
  }

  /** The line with this id, or undefined where the configuration no longer has it. */
  find(id: LineId): Line | undefined {
    return this.#present.find((line) => line.id === id);
  }

  /** The line that `carrier` serves under `number`. */
  findByNumber(carrier: string, number: PhoneNumber): Line | undefined {
    return this.#present.find((line) => line.carrier === carrier && line.number === number);
  }

  /** The lines in whose team `user` is, in the order of the configuration. */
  ofMember(user: UserId): readonly Line[] {
    return this.#present.filter((line) => line.team.includes(user));
  }

  #without(missing: readonly Absence[], absent: readonly Absence[]): readonly Line[] {
    const isMissing = (user: UserId): boolean => missing.some(({ userId }) => userId === user);
    return this.#configured.map((line) => {
      const standIns = absent
        .filter(({ userId }) => line.team.includes(userId))
        .flatMap(({ successor }) => successor ?? []);
      if (standIns.length === 0 && !line.team.some(isMissing)) return line;
      const team = [...new Set([...line.team, ...standIns])].filter((user) => !isMissing(user));
      return { ...line, team: team.length > 0 ? team : this.#fallback.filter((user) => !isMissing(user)) };
    });
  }
}
