import type { EventId, UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { Permission } from '../model/permission.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Flag, Parameter } from './parameters.ts';

/**
 * Where a command may be run. `command-room`: the command room or the security room, after their check (A2, A3). `conversation`: the room of a patient.
 * `any-governed`: every room whose policy the bot keeps.
 */
export type Where = 'command-room' | 'conversation' | 'command-or-conversation' | 'any-governed';

/**
 * What a command does. `reads`: it only answers. `changes`: it is done at once, with `--dry-run` only shown. `destroys`: it is shown, and done after
 * somebody who may has confirmed it.
 */
export type Effect = 'reads' | 'changes' | 'destroys';

/** One use of a command. */
export interface CommandCall {
  /** Who typed it; who said yes is `confirmedBy`. */
  readonly sender: UserId;
  readonly room: KnownRoom;
  /** The event that it was typed in: what the command does must be the same however often it is run for one event id. */
  readonly eventId: EventId;
  /** When it was typed, by the homeserver's clock, Unix ms. */
  readonly typedAt: number;
  /** The event that it was typed as a reply to. */
  readonly repliesTo: EventId | undefined;
  /** The notice of the bot under which a sign stood for the command: there it is answered. Left out where it was typed. */
  readonly underNotice?: EventId | undefined;
  readonly trace: string;
  /** The ticket that was named with `--ticket`. */
  readonly ticket: string | undefined;
  readonly confirmedBy: UserId | undefined;
  /** How often the event was handled before. */
  readonly attempts: number;
  /** True where the process may have died while it ran: what is done already must be found done. */
  readonly isRepeat: boolean;
}

/** What the room is told. */
export interface Answer {
  /** Short, to be read on a phone. */
  readonly text: string;
  /** The same for programs: goes along in the encrypted event, under `org.carebridge.answer`. No PHI that `text` does not have. */
  readonly data?: JsonValue;
  /** `done` where left out. */
  readonly outcome?: 'done' | 'partial' | 'failed';
  /** A destructive command that is then asked about, as if the same person had typed it: not where they may not, or where there is nothing to do. */
  readonly next?: {
    /** Without the prefix, with every argument in full. */
    readonly line: string;
    /** The question, above what the command would do. */
    readonly ask: string;
  };
  /** What the audit log is told beyond the command's name, target and reason. PHI-free. */
  readonly audit?: {
    readonly target?: string;
    readonly before?: JsonValue;
    readonly after?: JsonValue;
    readonly details?: JsonValue;
  };
}

/** What a command would do. */
export interface Preview {
  /** Says whom and what it is about in full: user id, display name, number of devices, rooms. Short. */
  readonly text: string;
  /**
   * All that must still be so when it is confirmed: if it is not, the command is refused and shown anew. Nothing that changes by itself, such as a
   * time. Is also attached for programs.
   */
  readonly facts: JsonValue;
  /** There is nothing to do: `text` is the answer, and nobody is asked. */
  readonly isNothingToDo?: boolean;
}

/** Parameters by name, in the order in which they are typed. */
export type ParameterSet = Readonly<Record<string, Parameter<unknown>>>;
/** Options by name: typed as `--name value` or, for a flag, `--name`. */
export type OptionSet = Readonly<Record<string, Parameter<unknown> | Flag>>;

/** The values that `run` is given: those of the parameters and those of the options, undefined where an option was left out. */
export type Arguments<P, O> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
} & {
  readonly [K in keyof O]: O[K] extends Flag ? boolean : O[K] extends Parameter<infer T> ? T | undefined : never;
};

/** What a command is, as its file states it. One that changes something cannot be stated without its preview. */
export type CommandSpec<P, O> = {
  /** One word or two: `who`, `role give`. */
  readonly name: string;
  readonly summary: string;
  /** More for `help <name>`: examples, what it does not do. */
  readonly details?: string;
  /** Instead of what is made of the parameters; begins with the name. */
  readonly usage?: string;
  readonly permission: Permission;
  readonly where: Where;
  readonly parameters: P;
  readonly options?: O;
  /**
   * Does it. Throws UserError for what the caller did wrong, before anything is done. May be run again with the same event id after a crash or a
   * RetryableError, and must then have done it once.
   */
  run(call: CommandCall, args: Arguments<P, O>): Promise<Answer>;
} & (
  | { readonly effect: 'reads' }
  | {
      readonly effect: 'changes';
      /** Looks at what would be done, and does nothing. */
      preview(call: CommandCall, args: Arguments<P, O>): Promise<Preview>;
    }
  | {
      readonly effect: 'destroys';
      preview(call: CommandCall, args: Arguments<P, O>): Promise<Preview>;
      /** Somebody else than the caller, with permission `approve`, must confirm it. */
      readonly needsSecondPerson?: boolean;
    }
);

declare const checked: unique symbol;

/** Arguments that were read by the command's own parameters, or made by its own file: only they go into its `run`. */
export type ReadArguments = Readonly<Record<string, unknown>> & { readonly [checked]: true };

/** A command that asks for no yes, with arguments that nobody typed. */
export interface GivenCommand {
  readonly name: string;
  readonly args: ReadArguments;
}

/** A command as the framework handles it. Made by `defineCommand` alone. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly details: string | undefined;
  readonly permission: Permission;
  readonly where: Where;
  readonly effect: Effect;
  readonly needsSecondPerson: boolean;
  readonly parameters: ParameterSet;
  readonly options: OptionSet;
  run(call: CommandCall, args: ReadArguments): Promise<Answer>;
  /** Undefined where it only reads. */
  readonly preview: ((call: CommandCall, args: ReadArguments) => Promise<Preview>) | undefined;
}

const NAME = /^[a-z][a-z-]*( [a-z][a-z-]*)?$/;
/** Options that the framework reads itself. */
const RESERVED = new Set(['dry-run', 'ticket']);

/**
 * States a command; the types of its arguments follow from its parameters and options.
 *
 *     defineCommand({
 *       name: 'role give', summary: 'give a user a role', permission: 'manage-roles', where: 'command-room', effect: 'changes',
 *       parameters: { user: userParameter('who'), role: roleParameter('which'), reason: optional(reasonParameter('why')) },
 *       preview: async (call, { user, role }) => ({ text: `${user} would get ${role}.`, facts: { user, role } }),
 *       run: async (call, { user, role, reason }) => ({ text: `${user} has ${role}.` }),
 *     })
 */
export function defineCommand<const P extends ParameterSet, const O extends OptionSet = Record<never, never>>(
  spec: CommandSpec<P, O>,
): Command {
  const { name, parameters } = spec;
  const options: OptionSet = spec.options ?? {};
  if (!NAME.test(name)) throw new Error(`not a command's name: ${name}`);
  for (const option of Object.keys(options))
    if (RESERVED.has(option)) throw new Error(`--${option} is the framework's`);
  const fault = orderFault(Object.values(parameters));
  if (fault !== undefined) throw new Error(`${name}: ${fault}`);
  return {
    name,
    parameters,
    options,
    summary: spec.summary,
    details: spec.details,
    permission: spec.permission,
    where: spec.where,
    usage: spec.usage ?? usageOf(name, parameters, options),
    effect: spec.effect,
    needsSecondPerson: spec.effect === 'destroys' && spec.needsSecondPerson === true,
    // The arguments were read by `parameters` and `options`, which is what the type says.
    run: (call, args) => spec.run(call, args as unknown as Arguments<P, O>),
    preview:
      spec.effect === 'reads' ? undefined : (call, args) => spec.preview(call, args as unknown as Arguments<P, O>),
  };
}

function orderFault(parameters: readonly Parameter<unknown>[]): string | undefined {
  if (parameters.slice(0, -1).some(({ takesRest }) => takesRest)) return 'only the last parameter can take the rest';
  const firstOptional = parameters.findIndex(({ isOptional }) => isOptional);
  const isMixed = firstOptional !== -1 && parameters.slice(firstOptional).some(({ isOptional }) => !isOptional);
  return isMixed ? 'a parameter that may be left out comes before one that may not' : undefined;
}

function usageOf(name: string, parameters: ParameterSet, options: OptionSet): string {
  const words = Object.entries(parameters).map(([key, { isOptional }]) => (isOptional ? `[${key}]` : `<${key}>`));
  const flags = Object.entries(options).map(([key, option]) =>
    'isFlag' in option ? `[--${key}]` : `[--${key} <${key}>]`,
  );
  return [name, ...words, ...flags].join(' ');
}
