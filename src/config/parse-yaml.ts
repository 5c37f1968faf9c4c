import { parse } from 'yaml';

/** The value in a YAML text without custom tags. Throws the parser's error, whose message may quote the text: never log it. */
export function parseYaml(text: string): unknown {
  return parse(text, { maxAliasCount: 0 });
}
