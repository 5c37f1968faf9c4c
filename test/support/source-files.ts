/** The source tree as the house-rule tests see it. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A file with its path from the root of the repository. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** What it imports, of any kind: paths from the root for our own files, names as written for the rest. */
  readonly imports: readonly string[];
}

/** All TypeScript files below a folder. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT })
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const imports = ts
        .preProcessFile(text, true, true)
        .importedFiles.map(({ fileName }) => resolveImport(path, fileName));
      return { path, text, imports };
    });
}

function resolveImport(from: string, name: string): string {
  return name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(from), name)) : name;
}

/** Paths of the files that git knows or would add. */
export function repositoryFiles(): readonly string[] {
  const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return [...new Set(output.split('\n').filter((path) => path !== ''))];
}

/** The text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
