/** The table of docs/configuration.md, made from the schema. */
import { environmentName } from './secret-source.ts';
import { SCHEMA } from './schema.ts';
import type { Node, Nodes } from './setting.ts';

/** One row of the table. */
interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The table as Markdown. */
export function renderReference(): string {
  const lines = Object.entries(SCHEMA.children as Nodes).map(([name, node]) => {
    const rows = rowsOf(name, node);
    const head = `### ${name}\n\n${node.question}${node.kind === 'section' && node.more ? ` ${node.more}` : ''}\n`;
    const table = rows.map(({ key, type, fallback, meaning }) => `| \`${key}\` | ${type} | ${fallback} | ${meaning} |`);
    return [head, '| key | kind | default | meaning |', '| --- | --- | --- | --- |', ...table].join('\n');
  });
  return `${lines.join('\n\n')}\n`;
}

function rowsOf(key: string, node: Node): Row[] {
  const meaning = `${node.question} ${'more' in node && node.more ? node.more : ''}`
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[|<]/g, '\\$&');
  switch (node.kind) {
    case 'setting': {
      const fallback = node.leftOut ?? (node.fallback === undefined ? '**required**' : code(node.fallback));
      return [{ key, type: node.type.name, fallback, meaning }];
    }
    case 'setting-list':
      return [{ key, type: `list of ${node.type.name}`, fallback: node.isRequired ? '**required**' : 'none', meaning }];
    case 'secret': {
      const place = `Also \`${lastOf(key)}_file\`, or the environment: \`${environmentName(key.replace('<name>', 'NAME'))}\`.`;
      const made =
        node.made &&
        `the file \`${node.made.file.replace('*', '<name>')}\`${node.leftOut === undefined ? '' : `, else ${node.leftOut}`}`;
      return [
        { key, type: 'secret', fallback: made ?? node.leftOut ?? '**required**', meaning: `${meaning} ${place}` },
      ];
    }
    case 'section':
      return childRows(key, node.children);
    case 'section-list':
      return childRows(`${key}[]`, node.item.children);
    case 'variants':
      return Object.entries(node.kinds).flatMap(([type, kind]) => [
        { key: `${key}.<name>.type`, type: `\`${type}\``, fallback: '**required**', meaning: kind.question },
        ...childRows(`${key}.<name>`, kind.children),
      ]);
  }
}

function childRows(key: string, children: Nodes): Row[] {
  return Object.entries(children).flatMap(([name, node]) => rowsOf(`${key}.${name}`, node));
}

function code(words: string): string {
  return `\`${words.replaceAll('|', '\\|')}\``;
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
