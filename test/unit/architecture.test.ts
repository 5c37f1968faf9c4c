/** Who may import whom: the table of the design, enforced. */
import { builtinModules } from 'node:module';
import { expect } from 'chai';
import { read, sourceFiles, type SourceFile } from '../support/source-files.ts';

const ADAPTERS = ['model', 'ports', 'config', 'errors', 'log'];
const EVERYTHING = ['*'];

/** Each folder of src (and each file directly in it): the other folders it may import. A new folder needs a line here. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  errors: [],
  log: [],
  config: ['model', 'errors'],
  ports: ['model'],
  policy: ['model'],
  queue: ['model', 'ports', 'errors', 'log'],
  services: ['model', 'ports', 'policy', 'errors', 'log'],
  commands: ['model', 'ports', 'policy', 'services', 'errors'],
  matrix: ADAPTERS,
  sms: ADAPTERS,
  identity: ADAPTERS,
  storage: ADAPTERS,
  http: ['model', 'ports', 'config', 'services', 'errors', 'log'],
  cli: EVERYTHING,
  app: EVERYTHING,
  main: EVERYTHING,
};

/** Each third-party library: the only place that may import it. A new library needs a line here. */
const LIBRARIES: Readonly<Record<string, string>> = {
  '@matrix-org/matrix-sdk-crypto-nodejs': 'src/matrix/crypto/',
  '@matrix-org/matrix-sdk-crypto-wasm': 'src/matrix/crypto/',
  'fake-indexeddb': 'src/matrix/crypto/',
  'matrix-appservice-bridge': 'src/matrix/',
  'prom-client': 'src/matrix/',
  'matrix-js-sdk': 'src/cli/demo/',
  express: 'src/http/',
  sequelize: 'src/storage/',
  sqlite3: 'src/storage/',
  pg: 'src/storage/',
  ldapts: 'src/identity/',
  'csv-parse': 'src/services/role-csv.ts',
  yaml: 'src/config/',
  pino: 'src/log.ts',
  'libphonenumber-js': 'src/model/',
};

/** Only the demo may use what is not installed with the product. */
const DEVELOPMENT_ONLY = 'src/cli/demo/';

const files = sourceFiles('src');
const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'optionalDependencies', object>;
const installed = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));

describe('architecture', () => {
  it('lists every folder of src in the import table', () => {
    const missing = new Set(files.map(({ path }) => folderOf(path)).filter((folder) => !(folder in MAY_IMPORT)));
    expect([...missing], 'add these to MAY_IMPORT and to the design').to.deep.equal([]);
  });

  it('imports our own folders as the table allows', () => {
    const wrong = ownImports(files).filter(([from, to]) => !mayImport(folderOf(from), folderOf(to)));
    expect(wrong.map(([from, to]) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('imports nothing of ours from outside src', () => {
    const wrong = ownImports(files).filter(([, to]) => !to.startsWith('src/') && to !== 'package.json');
    expect(wrong.map(([from, to]) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('keeps carriers apart: none imports another', () => {
    const carrierOf = (path: string): string | undefined => /^src\/sms\/(kannel|loopback)\b/.exec(path)?.[1];
    const wrong = ownImports(files).filter(([from, to]) => {
      const [a, b] = [carrierOf(from), carrierOf(to)];
      return a !== undefined && b !== undefined && a !== b;
    });
    expect(wrong.map(([from, to]) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('imports each third-party library in its one place only', () => {
    const wrong = libraryImports(files).filter(([from, library]) => !from.startsWith(LIBRARIES[library] ?? '-'));
    expect(
      wrong.map(([from, library]) => `${from} imports ${library}, allowed in ${LIBRARIES[library] ?? 'no place'}`),
    ).to.deep.equal([]);
  });

  it('declares every library it imports as a dependency', () => {
    const wrong = libraryImports(files).filter(
      ([from, library]) => !from.startsWith(DEVELOPMENT_ONLY) && !installed.has(library),
    );
    expect(wrong.map(([from, library]) => `${from} imports ${library}`)).to.deep.equal([]);
  });

  it('has no import cycle', () => {
    expect(findCycle(files)).to.deep.equal([]);
  });
});

/** `src/queue/durable-queue.ts` is in `queue`; `src/app.ts` is `app`. */
function folderOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? path;
}

function mayImport(from: string, to: string): boolean {
  const allowed = MAY_IMPORT[from] ?? [];
  if (from === to) return true;
  return to !== 'main' && (allowed.includes(to) || allowed === EVERYTHING);
}

function ownImports(all: readonly SourceFile[]): [from: string, to: string][] {
  return all.flatMap(({ path, imports }) => imports.filter(isOwn).map((to): [string, string] => [path, to]));
}

function isOwn(name: string): boolean {
  return name.endsWith('.ts') || name.startsWith('src/') || name === 'package.json';
}

/** `libphonenumber-js/max` is of `libphonenumber-js`. What Node brings is no library. */
function libraryImports(all: readonly SourceFile[]): [from: string, library: string][] {
  return all.flatMap(({ path, imports }) =>
    imports
      .filter((name) => !isOwn(name) && !name.startsWith('node:') && !builtinModules.includes(name))
      .map((name): [string, string] => [path, name.split('/', name.startsWith('@') ? 2 : 1).join('/')]),
  );
}

/** The files of the first cycle found, in order, or none. */
function findCycle(all: readonly SourceFile[]): string[] {
  const edges = new Map(all.map(({ path, imports }) => [path, imports.filter(isOwn)]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const { path } of all) {
    const cycle = visit(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
