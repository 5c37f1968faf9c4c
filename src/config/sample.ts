/** config/config.sample.yaml, made from the schema. */
import { environmentName } from './secret-source.ts';
import { SCHEMA } from './schema.ts';
import type { Node, Nodes, Secret, Section, SectionList, Setting, SettingList, Variants } from './setting.ts';

const HEADER = `# Carebridge: every setting, with its default or an example. Lines that start with "#" and a name may be left out; so may
# everything that is a default. Time spans are written 30s, 10m, 12h, 7d. Relative paths start from this file's folder.
#
# A secret (password, phi_key, ...) is written here as <name>, or in a file of its own named by <name>_file (readable by its owner
# alone: chmod 600), or in the environment variable named with it. One of the three. "carebridge register" makes those
# that are not given to you by others.
#
# After a change: carebridge check-config, then restart. This file is printed by: npm run --silent config:sample
`;

const WIDTH = 118;

/** The text of the sample file. */
export function renderSample(): string {
  const entries = Object.entries(SCHEMA.children) as [string, Node][];
  return `${HEADER}\n${entries.map(([name, node]) => renderEntry(name, node, name, '').join('\n')).join('\n\n')}\n`;
}

/** The lines of one entry, not indented. `entry` is the name of the carrier they are in. */
function renderEntry(name: string, node: Node, key: string, entry: string): string[] {
  switch (node.kind) {
    case 'setting':
      return [...comment(node), renderSetting(name, node)];
    case 'setting-list':
      return [...comment(node), ...renderList(name, node)];
    case 'secret':
      return renderSecret(name, node, key, entry);
    case 'section':
      return [...comment(node), `${name}:`, ...indent(renderChildren(node.children, key, entry))];
    case 'section-list':
      return renderSectionList(name, node, key);
    case 'variants':
      return renderVariants(name, node, key);
  }
}

function renderChildren(children: Nodes, key: string, entry: string): string[] {
  return Object.entries(children).flatMap(([name, node]) => renderEntry(name, node, `${key}.${name}`, entry));
}

function renderSetting(name: string, { fallback, example = '', leftOut }: Setting<unknown>): string {
  if (leftOut !== undefined) return `# ${name}: ${example}`;
  return `${name}: ${quote(fallback ?? example)}`;
}

function renderList(name: string, { example, isRequired }: SettingList<unknown>): string[] {
  if (!isRequired) return [`# ${name}: [${example.join(', ')}]`];
  return [`${name}:`, ...example.map((item) => `  - ${item}`)];
}

function renderSecret(name: string, node: Secret<unknown>, key: string, entry: string): string[] {
  const made = node.made ? 'Made by `carebridge register`. ' : '';
  const about = `${made}Or ${name}, or ${environmentName(key)}.`;
  const line = `${name}_file: ${node.made?.file.replace('*', entry) ?? node.example}`;
  return [...comment(node), ...wrap(about), node.leftOut === undefined ? line : `# ${line}`];
}

function renderSectionList(name: string, node: SectionList<Nodes>, key: string): string[] {
  const [first = '', ...rest] = renderChildren(node.item.children, `${key}[]`, '');
  // A comment may stand before the dash, the first name may not.
  const body = [first, ...rest];
  const start = body.findIndex((line) => !line.startsWith('#'));
  const item = [...indent(body.slice(0, start)), `  - ${body[start] ?? ''}`, ...indent(indent(body.slice(start + 1)))];
  const block = [`${name}:`, ...item];
  if (!node.isOptional) return [...comment(node), ...block];
  return [...comment(node), ...block.map((line) => `# ${line}`)];
}

function renderVariants(name: string, node: Variants<Readonly<Record<string, Section<Nodes>>>>, key: string): string[] {
  const blocks = Object.entries(node.kinds).map(([type, kind], index) => {
    const body = indent(renderChildren(kind.children, `${key}.${type}`, type));
    const block = [...comment(kind), `${type}:`, `  type: ${type}`, ...body];
    // One is in use; the others are there to be read.
    return index === 0 ? block : ['', ...block.map((line) => (line.startsWith('#') ? line : `# ${line}`))];
  });
  return [...comment(node), `${name}:`, ...indent(blocks.flat())];
}

/** The question, then the rest; each reads on its own. */
function comment({ question, more, ...node }: { question: string; more?: string; leftOut?: string }): string[] {
  const leftOut = node.leftOut === undefined ? [] : wrap(`Default: ${node.leftOut}.`);
  return [...wrap(question), ...(more === undefined ? [] : more.split('\n').flatMap(wrap)), ...leftOut];
}

function wrap(words: string): string[] {
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}

function indent(lines: string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** In quotes where YAML would read something else. */
function quote(words: string): string {
  return /^["[]|^[\w./+@:-]+$|^[A-Z][\w ]+$|^\+[\d ]+$/.test(words) ? words : JSON.stringify(words);
}
