/** The results as a table for people and as JSON. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { findSynapsePython } from '../src/cli/demo/synapse.ts';
import { isMet, type Finding, type PartResult } from './plan.ts';

/** How a part was measured. */
export interface Made {
  readonly command: string;
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
}

/** A part with how it was measured. */
export type MadePart = PartResult & { readonly made: Made };

/** What the numbers depend on. */
export function describeMachine(): Made['machine'] {
  const version =
    'import importlib.metadata as m, platform as p; print(m.version("matrix-synapse"), p.python_version())';
  const python = spawnSync(findSynapsePython(), ['-c', version], { encoding: 'utf8' });
  const [synapse = '?', pythonVersion = '?'] = python.stdout.trim().split(' ');
  return {
    cpu: cpus()[0]?.model ?? '?',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform,
    node: process.version,
    synapse: `${synapse}, SQLite`,
    python: pythonVersion,
    carebridge: 'SQLite, synchronous commits; wasm encryption',
  };
}

/** One part for the terminal. */
export function asText({ title, findings }: PartResult): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const rows = findings.map((finding) => {
    const { what, note = '' } = finding;
    return `  ${what.padEnd(width)}  ${valueOf(finding).padStart(11)}  ${goalOf(finding).padEnd(14)} ${note}`.trimEnd();
  });
  return [title, ...rows].join('\n');
}

/** Puts what was measured anew in the place of what was there, in the order of `names`. */
export function merged(names: readonly string[], before: readonly MadePart[], parts: readonly MadePart[]): MadePart[] {
  const known = new Map([...before, ...parts].map((part) => [part.name, part]));
  return names.flatMap((name) => known.get(name) ?? []);
}

/** The page `bench/RESULTS.md`. */
export function asMarkdown(parts: readonly MadePart[]): string {
  const lines = [
    '# Results of the benchmark',
    '',
    'Everything (homeserver, bridge, carrier, clients) ran on one machine. Compare ratios, not times: they depend on the machine, and both sides of each ratio were',
    'measured in turns within one run, through the same proxies. What each part does is in the head of its file in `bench/parts/`.',
  ];
  for (const { title, findings, made } of parts) {
    const machine = Object.entries(made.machine).map(([key, value]) => `${key} ${value}`);
    lines.push('', `## ${title}`, '', `\`${made.command}\`, ${made.date}. ${machine.join('; ')}.`);
    lines.push('', '| what | value | goal | made of |', '| --- | ---: | --- | --- |');
    for (const finding of findings) {
      lines.push(`| ${finding.what} | ${valueOf(finding)} | ${goalOf(finding)} | ${finding.note ?? ''} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function valueOf({ value, unit }: Finding): string {
  return unit === '/s' ? `${value}/s` : `${value} ${unit}`.trim();
}

function goalOf(finding: Finding): string {
  const { goal } = finding;
  if (goal === undefined) return '';
  const words = 'atLeast' in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`;
  return `${words}: ${isMet(finding) ? 'met' : 'MISSED'}`;
}
