/** The kinds of parameters that a command can declare. Each takes its value from the start of what is left of the line, or throws UserError. */
import { UserError } from '../errors.ts';
import type { BirthDate } from '../model/identity.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { PHI_CLASSES, type PhiClass } from '../model/phi-class.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { RoleId, UnitId } from '../model/role.ts';
import { readBirthDate } from './birth-date-argument.ts';
import { readDuration } from './duration.ts';
import { NO_PHONE_NUMBER, takePhoneNumber } from './phone-argument.ts';
import type { ReadContext } from './read-context.ts';
import { readRoom } from './room-argument.ts';
import { readUser } from './user-argument.ts';

/**
 * What the audit log may keep of a value. `target`: a user or room id. `fact`: one of a fixed set, a duration. `reason`: the words that say why, kept
 * encrypted. `nothing`: it may name a patient.
 */
export type AuditedAs = 'target' | 'fact' | 'reason' | 'nothing';

/** A parameter of a command, or the value of an option. */
export interface Parameter<T> {
  /** What it is, for the help. */
  readonly about: string;
  /** How it is written, for the help, e.g. `30m`. */
  readonly form: string;
  readonly isOptional: boolean;
  /** True where it takes all that is left: then it is the last. */
  readonly takesRest: boolean;
  readonly auditedAs: AuditedAs;
  /** What is said where it is missing, instead of its name. */
  readonly missing?: string;
  /** Takes the value. `line` starts with no space and is not empty. */
  read(line: string, context: ReadContext): Promise<Taken<T>>;
}

/** A value, and what is left of the line. */
export interface Taken<T> {
  readonly value: T;
  readonly rest: string;
}

/** An option without a value, e.g. `--all`. */
export interface Flag {
  readonly about: string;
  readonly isFlag: true;
}

/** A user of our own homeserver, never one of the bridge (A9). `server: 'any'` also takes users of others. */
export function userParameter(about: string, options: { readonly server?: 'own' | 'any' } = {}): Parameter<UserId> {
  const read = (word: string, { policy }: ReadContext) => readUser(word, policy.namespace, options.server ?? 'own');
  return oneWord({ about, form: '@name:server', auditedAs: 'target', read });
}

/** A room: its id, an alias, a matrix.to link, or `here`. */
export function roomParameter(about: string): Parameter<RoomId> {
  return oneWord({ about, form: '!id, #alias:server, a link, or here', auditedAs: 'target', read: readRoom });
}

/** One of these words. */
export function choiceParameter<const T extends string>(about: string, choices: readonly T[]): Parameter<T> {
  return oneWord({ about, form: choices.join(' | '), auditedAs: 'fact', read: (word) => oneOf(word, choices) });
}

/** A PHI class. */
export function classParameter(about: string): Parameter<PhiClass> {
  return choiceParameter(about, PHI_CLASSES);
}

/** A role of the configuration. */
export function roleParameter(about: string): Parameter<RoleId> {
  const read = (word: string, { policy }: ReadContext) => oneOf(word, [...policy.roles.keys()]);
  return oneWord({ about, form: 'a role’s id', auditedAs: 'fact', read });
}

/** A unit of the configuration. */
export function unitParameter(about: string): Parameter<UnitId> {
  const read = (word: string, { policy }: ReadContext) => oneOf(word, [...policy.units.keys()]);
  return oneWord({ about, form: 'a unit’s id', auditedAs: 'fact', read });
}

/** A length of time, e.g. `30m`, `2h`, `7d`, in ms. Limits in ms. */
export function durationParameter(
  about: string,
  limits: { readonly min?: number; readonly max?: number } = {},
): Parameter<number> {
  return oneWord({ about, form: '30m, 2h, 7d', auditedAs: 'fact', read: (word) => readDuration(word, limits) });
}

/** One word. With `pattern` it must match, which is all that a `T` of its own says; `form` says how it looks. `isOpaque`: it names no person, so that the audit log may keep it. */
export function wordParameter<T extends string = string>(
  about: string,
  options: { readonly pattern?: RegExp; readonly form?: string; readonly isOpaque?: boolean } = {},
): Parameter<T> {
  const { pattern, form = 'one word' } = options;
  const read = (word: string) => {
    if (pattern && !pattern.test(word))
      throw new UserError(`I do not understand one of the words: it must be ${form}.`);
    return word as T;
  };
  return oneWord({ about, form, auditedAs: options.isOpaque ? 'fact' : 'nothing', read });
}

/** A date of birth. */
export function birthDateParameter(about: string): Parameter<BirthDate> {
  return oneWord({ about, form: '1980-03-02', auditedAs: 'nothing', read: readBirthDate });
}

/** A phone number, as people write it, with spaces. */
export function phoneParameter(about: string): Parameter<PhoneNumber> {
  return {
    about,
    form: '+1 212 555 0123',
    isOptional: false,
    takesRest: false,
    auditedAs: 'nothing',
    missing: NO_PHONE_NUMBER,
    read: async (line, { country }) => {
      const { number, rest } = takePhoneNumber(line, country);
      return { value: number, rest };
    },
  };
}

/** All that is left of the line. */
export function textParameter(about: string, options: { readonly maxLength?: number } = {}): Parameter<string> {
  return {
    about,
    form: 'words',
    isOptional: false,
    takesRest: true,
    auditedAs: 'nothing',
    read: async (line) => ({ value: readText(line, options.maxLength ?? 500), rest: '' }),
  };
}

/** Why something is done: all that is left of the line. Goes into the audit log, encrypted. */
export function reasonParameter(about: string): Parameter<string> {
  const text = textParameter(about);
  return {
    ...text,
    auditedAs: 'reason',
    read: async (line, context) => {
      if (/^@\S+:\S/.test(line)) throw new UserError('Name one user at a time. Nothing was done.');
      return text.read(line, context);
    },
  };
}

/** May be left out, where nothing follows. */
export function optional<T>(parameter: Parameter<T>): Parameter<T | undefined> {
  return { ...parameter, isOptional: true };
}

/** An option that is there or not. */
export function flag(about: string): Flag {
  return { about, isFlag: true };
}

function oneWord<T>(parameter: {
  readonly about: string;
  readonly form: string;
  readonly auditedAs: AuditedAs;
  read(word: string, context: ReadContext): T | Promise<T>;
}): Parameter<T> {
  const { about, form, auditedAs } = parameter;
  return {
    about,
    form,
    auditedAs,
    isOptional: false,
    takesRest: false,
    read: async (line, context) => {
      const [, word = '', after = ''] = /^(\S+)\s*(.*)$/su.exec(line) ?? [];
      return { value: await parameter.read(word, context), rest: after };
    },
  };
}

function oneOf<T extends string>(word: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === word.toLowerCase() || choice === word);
  if (found === undefined)
    throw new UserError(`Say one of: ${choices.join(', ') || 'there is none'}. Nothing was done.`);
  return found;
}

/** Characters that turn the direction of what stands beside them, or have no width: they make words look like others. */
const UNSEEN = /[[\p{Cf}\p{Cc}]--[\n\t]]/gv;

function readText(line: string, maxLength: number): string {
  const text = line.toWellFormed().replace(UNSEEN, '').trim();
  if (text.length > maxLength)
    throw new UserError(`That is too long: at most ${maxLength} characters. Nothing was done.`);
  if (text === '') throw new UserError('The text is empty. Nothing was done.');
  return text;
}
