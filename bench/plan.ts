/** How much is measured. */
export interface Plan {
  /** Conversations used at the same time. */
  readonly width: number;
  /** Rounds of each kind; those that are compared take turns. */
  readonly rounds: number;
  /** Texts of each conversation in a round with all conversations in flight. */
  readonly texts: number;
  /** Texts in a round with one in flight. */
  readonly textsAlone: number;
  /** Single texts with a pause before each. */
  readonly textsApart: number;
  /** Nurse's messages: with one in flight, and of each conversation with all in flight. */
  readonly outboundAlone: number;
  readonly outbound: number;
  /** Conversations stored for the comparison. */
  readonly few: number;
  readonly many: number;
  /** Conversations, and ghosts, for the memory. */
  readonly ghosts: number;
  /** Texts that wait. */
  readonly backlog: number;
  /** Governed rooms. */
  readonly governed: number;
  /** A ghost's machine is dropped after this, where the memory is measured. ms. */
  readonly idleGhostMs: number;
  /** Rows of the audit log that are verified, and entries that are appended through the program. */
  readonly auditRows: number;
  readonly auditAppends: number;
  /** Phones that are lost. */
  readonly lostDevices: number;
  /** ... and sessions of each kind where MAS owns the accounts. */
  readonly lostDevicesMas: number;
  /** Where CPU profiles of the bridge go. */
  readonly profile: string | undefined;
}

/** What `npm run bench` does: about half an hour on two cores. */
export const FULL: Plan = {
  width: 16,
  rounds: 4,
  texts: 15,
  textsAlone: 80,
  textsApart: 60,
  outboundAlone: 120,
  outbound: 10,
  few: 100,
  many: 5_000,
  ghosts: 1_000,
  governed: 2_000,
  idleGhostMs: 30_000,
  profile: undefined,
  auditRows: 1_000_000,
  auditAppends: 2_000,
  lostDevices: 50,
  lostDevicesMas: 20,
  backlog: 50_000,
};

/** Whether it works at all: under 3 minutes. */
export const QUICK: Plan = {
  width: 8,
  rounds: 2,
  texts: 8,
  textsAlone: 25,
  textsApart: 12,
  outboundAlone: 16,
  outbound: 3,
  few: 100,
  many: 1_000,
  ghosts: 20,
  governed: 100,
  idleGhostMs: 5_000,
  profile: undefined,
  auditRows: 50_000,
  auditAppends: 300,
  lostDevices: 5,
  lostDevicesMas: 3,
  backlog: 5_000,
};

/** One measured number. */
export interface Finding {
  readonly what: string;
  readonly value: number;
  readonly unit: '' | 'ms' | 'MB' | '/s' | 'requests' | 's';
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number };
  /** What it is made of, in a few words. */
  readonly note?: string;
}

/** What one part of the benchmark found. `details` are for the JSON alone. */
export interface PartResult {
  readonly name: string;
  readonly title: string;
  readonly findings: readonly Finding[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** True where there is no goal or it is met. */
export function isMet({ value, goal }: Finding): boolean {
  if (goal === undefined) return true;
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}
