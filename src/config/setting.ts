/**
 * What the configuration file may hold, as data: the loader, the sample file and the reference table are all made from it, so none can
 * say what the others do not.
 */
import type { ValueType } from './value-types.ts';

/** What is said of every entry. */
interface Explained {
  /** Starts the comment in the sample file. A question, so that the value is its answer. */
  readonly question: string;
  /** More lines of the comment. */
  readonly more?: string;
}

/** What happens where an entry is left out. Neither given: it is required. */
interface Fallback {
  /** As it would be written in the file. */
  readonly fallback?: string | undefined;
  /** What it means to leave it out, where no value stands for that. */
  readonly leftOut?: string;
}

/** One value. */
export interface Setting<T> extends Explained, Fallback {
  readonly kind: 'setting';
  readonly type: ValueType<T>;
  /** For the sample file, as YAML. Needed without a `fallback`. */
  readonly example?: string;
}

/** A list of values. Left out, it is empty, unless `isRequired`. */
export interface SettingList<T> extends Explained {
  readonly kind: 'setting-list';
  readonly type: ValueType<T>;
  readonly isRequired: boolean;
  readonly example: readonly string[];
}

/**
 * A value that must not be seen: in the file itself as `<name>`, in a file of its own named by `<name>_file`, or in the environment as
 * `CAREBRIDGE_<PATH>`. Only one of the three.
 */
export interface Secret<T> extends Explained {
  readonly kind: 'secret';
  readonly type: ValueType<T>;
  readonly leftOut?: string;
  /** Made by `carebridge register`: where it is looked for when nothing is said. `*` stands for the name of the entry it is in. */
  readonly made?: {
    readonly file: string;
    readonly encoding: 'base64' | 'base64url';
    readonly guards?: 'phi' | 'crypto' | 'archive';
  };
  readonly example: string;
}

/** A mapping with fixed keys. */
export interface Section<Children extends Nodes> extends Explained {
  readonly kind: 'section';
  readonly children: Children;
}

/** A list of mappings, at least one unless `isOptional`. */
export interface SectionList<Children extends Nodes> extends Explained {
  readonly kind: 'section-list';
  readonly isOptional?: true;
  readonly item: Section<Children>;
}

/** Named mappings, at least one, each of the kind that its `type` says. */
export interface Variants<Kinds extends Readonly<Record<string, Section<Nodes>>>> extends Explained {
  readonly kind: 'variants';
  readonly kinds: Kinds;
}

/** Any entry. */
export type Node =
  | Setting<unknown>
  | SettingList<unknown>
  | Secret<unknown>
  | Section<Nodes>
  | SectionList<Nodes>
  | Variants<Readonly<Record<string, Section<Nodes>>>>;

/** Entries by name. */
export interface Nodes {
  readonly [name: string]: Node;
}

/** What is read for an entry when nothing is wrong with it. */
export type ValueOf<N> =
  N extends Setting<infer T>
    ? N extends { readonly leftOut: string }
      ? T | undefined
      : T
    : N extends SettingList<infer T>
      ? readonly T[]
      : N extends Secret<infer T>
        ? N extends { readonly leftOut: string }
          ? T | undefined
          : T
        : N extends Section<infer Children>
          ? ValuesOf<Children>
          : N extends SectionList<infer Children>
            ? readonly ValuesOf<Children>[]
            : N extends Variants<infer Kinds>
              ? ReadonlyMap<string, VariantOf<Kinds>>
              : never;

type ValuesOf<Children> = { readonly [Name in keyof Children]: ValueOf<Children[Name]> };
type VariantOf<Kinds> = {
  [Type in keyof Kinds]: Kinds[Type] extends Section<infer Children>
    ? { readonly type: Type } & ValuesOf<Children>
    : never;
}[keyof Kinds];

/** The same, where any part may be missing since something was wrong with it. */
export type Incomplete<T> = T extends string | number | boolean | Uint8Array | undefined
  ? T | undefined
  : T extends ReadonlyMap<infer Key, infer Value>
    ? ReadonlyMap<Key, Incomplete<Value>> | undefined
    : T extends readonly (infer Item)[]
      ? readonly Incomplete<Item>[] | undefined
      : { readonly [Key in keyof T]: Incomplete<T[Key]> } | undefined;

type Text<T> = Omit<T, 'kind'>;

/** A required value, or one with a fallback. */
export function setting<T>(type: ValueType<T>, rest: Omit<Text<Setting<T>>, 'type' | 'leftOut'>): Setting<T> {
  return { kind: 'setting', type, ...rest };
}

/** A value without which it works as well. */
export function optional<T>(
  type: ValueType<T>,
  rest: Omit<Text<Setting<T>>, 'type' | 'fallback'> & { leftOut: string },
): Setting<T> & { readonly leftOut: string } {
  return { kind: 'setting', type, ...rest };
}

/** A list of values. */
export function settingList<T>(type: ValueType<T>, rest: Omit<Text<SettingList<T>>, 'type'>): SettingList<T> {
  return { kind: 'setting-list', type, ...rest };
}

/** A value that must not be seen. */
export function secret<T, const Rest extends Omit<Text<Secret<T>>, 'type'>>(
  type: ValueType<T>,
  rest: Rest,
): Secret<T> & Rest {
  return { kind: 'secret', type, ...rest };
}

/** A mapping with fixed keys. */
export function section<Children extends Nodes>(
  question: string,
  children: Children,
  more?: string,
): Section<Children> {
  return { kind: 'section', question, ...(more !== undefined && { more }), children };
}
