/** Walks schema and YAML side by side. Goes on after each problem, so that all are found at once. */
import { isAlias, isMap, isScalar, isSeq, type Document, type Node as YamlNode, type Pair } from 'yaml';
import { nearestName } from './nearest-name.ts';
import { findSecret, type SecretSurroundings } from './secret-source.ts';
import type { Node, Nodes, Secret, Section, SectionList, Setting, SettingList, Variants } from './setting.ts';
import type { ValueType } from './value-types.ts';

/** What is written under a name, and where the name is. */
interface Written {
  readonly node: YamlNode | undefined;
  readonly keyOffset: number;
}

type Entries = ReadonlyMap<string, Written>;

const ENTRY_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Reads one document. What it answers has the shape of the schema, with undefined for everything that is wrong. */
export class Reader {
  readonly #document: Document;
  readonly #surroundings: SecretSurroundings;

  constructor(document: Document, surroundings: SecretSurroundings) {
    this.#document = document;
    this.#surroundings = surroundings;
  }

  /** Reads everything. */
  read(schema: Section<Nodes>): unknown {
    return this.#section(schema, this.#document.contents ?? undefined, '', '');
  }

  #value(node: Node, written: Written | undefined, key: string): unknown {
    switch (node.kind) {
      case 'setting':
        return this.#setting(node, written?.node, key);
      case 'setting-list':
        return this.#settingList(node, written?.node, key);
      case 'section':
        return this.#section(node, written?.node, key, '');
      case 'section-list':
        return this.#sectionList(node, written?.node, key);
      case 'variants':
        return this.#variants(node, written?.node, key);
      case 'secret':
        // Its three places are looked at together, in #children.
        return undefined;
    }
  }

  #setting(node: Setting<unknown>, written: YamlNode | undefined, key: string): unknown {
    if (this.#isLeftOut(written)) {
      if (node.leftOut !== undefined) return undefined;
      if (node.fallback !== undefined) return this.#parse(node.type, unquote(node.fallback), key);
      const example = node.example === undefined ? '' : `, such as ${lastOf(key)}: ${node.example}`;
      this.#surroundings.problems.add(key, 'it is missing', `set it${example}`);
      return undefined;
    }
    return this.#scalar(node.type, written, key);
  }

  #settingList(node: SettingList<unknown>, written: YamlNode | undefined, key: string): unknown {
    const items = this.#items(written, key, `[${node.example.join(', ')}]`);
    if (items === undefined) return undefined;
    if (items.length === 0 && node.isRequired) {
      this.#surroundings.problems.add(key, 'it is missing', `name at least one, such as [${node.example[0]}]`);
    }
    return items.map((item, index) => this.#scalar(node.type, item, `${key}[${index}]`));
  }

  #section(node: Section<Nodes>, written: YamlNode | undefined, key: string, entry: string): unknown {
    const entries = this.#entries(written, key);
    return entries && this.#children(node.children, entries, key, entry);
  }

  #sectionList(node: SectionList<Nodes>, written: YamlNode | undefined, key: string): unknown {
    const items = this.#items(written, key, `- ${Object.keys(node.item.children)[0]}: ...`);
    if (items?.length === 0 && !node.isOptional) {
      this.#surroundings.problems.add(key, 'it is missing', 'write at least one');
    }
    return items?.map((item, index) => this.#section(node.item, item, `${key}[${index}]`, ''));
  }

  #variants(
    node: Variants<Readonly<Record<string, Section<Nodes>>>>,
    written: YamlNode | undefined,
    key: string,
  ): unknown {
    const { problems } = this.#surroundings;
    const entries = this.#entries(written, key);
    if (entries?.size === 0) problems.add(key, 'it is missing', 'name at least one');
    const types = Object.keys(node.kinds);
    const values = [...(entries ?? [])].map(([name, { node: item, keyOffset }]) => {
      const itemKey = `${key}.${name}`;
      if (!ENTRY_NAME.test(name)) {
        problems.add(
          itemKey,
          'the name is not made of a-z, 0-9 and -',
          'choose another one, such as kannel',
          keyOffset,
        );
      }
      const fields = this.#entries(item, itemKey);
      if (fields === undefined) return [name, undefined];
      const type = this.#word(fields.get('type')?.node);
      const kind = type === undefined ? undefined : node.kinds[type];
      if (type === undefined || kind === undefined) {
        const near = type === undefined ? undefined : nearestName(type, types);
        const fix = near === undefined ? `use one of ${types.join(', ')}` : `did you mean ${near}?`;
        const typeNode = fields.get('type')?.node;
        if (typeNode) this.#place(`${itemKey}.type`, typeNode);
        problems.add(`${itemKey}.type`, type === undefined ? 'it is missing' : 'there is no such type', fix);
        return [name, undefined];
      }
      const rest = new Map([...fields].filter(([field]) => field !== 'type'));
      return [name, { type, ...this.#children(kind.children, rest, itemKey, name) }];
    });
    return entries && new Map(values as [string, unknown][]);
  }

  #children(nodes: Nodes, entries: Entries, key: string, entry: string): Record<string, unknown> {
    const known = Object.entries(nodes).flatMap(([name, { kind }]) =>
      kind === 'secret' ? [name, `${name}_file`] : [name],
    );
    for (const [name, { keyOffset }] of entries) {
      if (known.includes(name)) continue;
      const near = nearestName(name, known);
      const fix = near === undefined ? `use one of ${known.join(', ')}` : `did you mean ${near}?`;
      this.#surroundings.problems.add(join(key, name), 'there is no such setting', fix, keyOffset);
    }
    const values = Object.entries(nodes).map(([name, node]) => {
      const path = join(key, name);
      if (node.kind === 'secret') return [name, this.#secret(node, entries, name, path, entry)];
      return [name, this.#value(node, entries.get(name), path)];
    });
    return Object.fromEntries(values) as Record<string, unknown>;
  }

  #secret(node: Secret<unknown>, entries: Entries, name: string, key: string, entry: string): unknown {
    const [inline, file] = [name, `${name}_file`].map((field) => {
      const written = entries.get(field)?.node;
      if (this.#isLeftOut(written)) return undefined;
      return this.#scalar(anyWord, written, `${key}${field.slice(name.length)}`) as string | undefined;
    });
    const found = findSecret(node, { key, entry, inline, file }, this.#surroundings);
    return found === undefined ? undefined : this.#parse(node.type, found, file === undefined ? key : `${key}_file`);
  }

  #scalar(type: ValueType<unknown>, written: YamlNode | undefined, key: string): unknown {
    const word = this.#word(written);
    if (word !== undefined) return this.#parse(type, word, key);
    this.#surroundings.problems.add(
      key,
      `it is not a single value (${type.name})`,
      'write one value, in quotes if it holds : or #',
    );
    return undefined;
  }

  #parse(type: ValueType<unknown>, word: string, key: string): unknown {
    const read = type.read(word, this.#surroundings.folder);
    if ('value' in read) return read.value;
    this.#surroundings.problems.add(key, read.problem, read.fix);
    return undefined;
  }

  /** A single value as it was written: YAML would make a number of +12125550100, and lose the plus. */
  #word(written: YamlNode | undefined): string | undefined {
    const node = this.#resolve(written);
    if (!isScalar(node) || node.value === null) return undefined;
    return typeof node.value === 'string' ? node.value : node.source;
  }

  #items(written: YamlNode | undefined, key: string, example: string): YamlNode[] | undefined {
    const node = this.#resolve(written);
    if (this.#isLeftOut(node)) return [];
    if (!isSeq(node)) {
      this.#surroundings.problems.add(key, 'it is not a list', `write a list, such as ${example}`);
      return undefined;
    }
    const items = node.items as YamlNode[];
    items.forEach((item, index) => this.#place(`${key}[${index}]`, item));
    return items;
  }

  #entries(written: YamlNode | undefined, key: string): Entries | undefined {
    const { problems } = this.#surroundings;
    const node = this.#resolve(written);
    if (this.#isLeftOut(node)) return new Map();
    if (!isMap(node)) {
      problems.add(key, 'it does not hold settings', 'write its settings below it, indented, as name: value');
      return undefined;
    }
    const entries = new Map<string, Written>();
    for (const pair of node.items as Pair<YamlNode, YamlNode | null>[]) {
      const keyOffset = pair.key.range?.[0] ?? 0;
      const name = this.#word(pair.key);
      if (name === undefined) problems.add(key, 'a name is not a single word', 'write name: value', keyOffset);
      else if (entries.has(name)) problems.add(join(key, name), 'it is given twice', 'remove one of them', keyOffset);
      else entries.set(name, { node: pair.value ?? undefined, keyOffset });
      // A value on the same line is what the reader of a message looks for; of a block below, its name.
      if (name !== undefined)
        this.#place(join(key, name), this.#word(pair.value ?? undefined) === undefined ? pair.key : pair.value);
    }
    return entries;
  }

  #isLeftOut(written: YamlNode | undefined): boolean {
    const node = this.#resolve(written);
    return node === undefined || (isScalar(node) && node.value === null);
  }

  #resolve(node: YamlNode | undefined): YamlNode | undefined {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #place(key: string, node: YamlNode | null | undefined): void {
    if (node?.range) this.#surroundings.problems.place(key, node.range[0]);
  }
}

/** A secret's kind is looked at once it is known which of its places has it. */
const anyWord: ValueType<string> = { name: 'text', read: (word) => ({ value: word }) };

function join(key: string, name: string): string {
  return key === '' || name === '' ? key + name : `${key}.${name}`;
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

/** Fallbacks are written as in the file, where some need quotes. */
function unquote(words: string): string {
  return words.startsWith('"') ? (JSON.parse(words) as string) : words;
}
