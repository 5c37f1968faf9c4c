/** An entry of a directory: its name, and its attributes' values by lower-case name. */
export interface LdapEntry {
  readonly dn: string;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

/** How far below the base a search looks. */
export type SearchScope = 'base' | 'sub';

/** What reading the directory needs. Every answer is complete, or an exception. */
export interface LdapSearch {
  /** The entries found; undefined where the base does not exist. */
  search(
    base: string,
    options: { readonly scope: SearchScope; readonly filter: string; readonly attributes: readonly string[] },
  ): Promise<readonly LdapEntry[] | undefined>;
}

/** The values of an attribute; none where the entry has none. */
export function valuesOf(entry: LdapEntry, attribute: string): readonly string[] {
  return entry.attributes.get(attribute.toLowerCase()) ?? [];
}
