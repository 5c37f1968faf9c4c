/** `!care setup`: what it looks at, what it can do, and where somebody stands in it. */
import type { LineId, UserId } from './ids.ts';
import type { RoleId, UnitId } from './role.ts';

/** The steps, in their order. */
export const SETUP_STEPS = ['command-room', 'security-room', 'line', 'team', 'roles', 'unit'] as const;

/** One of them. */
export type SetupStepId = (typeof SETUP_STEPS)[number];

/** How things stand now. All of it is of the hospital, none of it of a patient. */
export interface SetupFacts {
  /** Of commands, e.g. `!care`. */
  readonly prefix: string;
  readonly domain: string;
  /** What the configuration file is called, e.g. `config.yaml`. */
  readonly configFile: string;
  readonly commandRoom: { readonly problem: string | undefined; readonly joined: ReadonlySet<UserId> };
  /** undefined: there is none. */
  readonly securityRoom: { readonly joined: ReadonlySet<UserId> } | undefined;
  readonly carriers: readonly { readonly name: string; readonly isSimulator: boolean }[];
  readonly lines: readonly { readonly id: LineId; readonly carrier: string; readonly team: readonly UserId[] }[];
  readonly roles: readonly {
    readonly id: RoleId;
    readonly name: string;
    readonly isBuiltIn: boolean;
    readonly holders: readonly UserId[];
  }[];
  readonly units: readonly { readonly id: UnitId; readonly name: string; readonly hasSpace: boolean }[];
}

/** What the bot does on a yes. */
export type SetupAction =
  | { readonly kind: 'make-security-room' }
  | { readonly kind: 'give-role'; readonly role: RoleId; readonly user: UserId }
  | { readonly kind: 'make-unit'; readonly unit: UnitId };

/** Where somebody stands. */
export interface SetupState {
  readonly step: SetupStepId;
  /** `yes`: to an offer. `field`: the answer to the next question of a form. `go-on`: that something was done elsewhere. */
  readonly awaiting: 'yes' | 'field' | 'go-on';
  /** To the questions of the form so far. */
  readonly answers: readonly string[];
}

/** What is said, and what comes of it. */
export interface SetupTurn {
  readonly says: string;
  /** undefined: it is over. */
  readonly state: SetupState | undefined;
  /** To be done before the next turn. */
  readonly action?: SetupAction;
  /** Every step was gone through: the report follows. */
  readonly isFinished?: true;
}
