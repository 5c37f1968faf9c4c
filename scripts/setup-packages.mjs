/** The npm packages, and with them Node 24. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, SetupError, step } from './setup-step.mjs';

const modules = join(root, 'node_modules');
const NEEDED = [24, 12];

/** Runs `npm ci` where node_modules is not what package-lock.json says; on an older Node too, since the right one comes with the packages. */
export async function installPackages({ development }) {
  if (packagesAreInstalled({ development })) return;
  const { command, args, env } = npm();
  const flags = [
    'ci',
    '--no-audit',
    '--no-fund',
    '--engine-strict=false',
    ...(development ? [] : ['--omit=dev', '--omit=optional']),
  ];
  await step('Installing npm packages. Compiling sqlite3 may take about 100 s.', command, [...args, ...flags], {
    env,
    advice: 'Without a prebuilt sqlite3 for this machine, npm needs a C++ compiler, make and python3.',
    logName: 'npm-ci.log',
  });
}

/**
 * npm itself writes node_modules/.package-lock.json, last of all, with what it installed: so an install that was interrupted, and a
 * changed package-lock.json, are both seen.
 */
function packagesAreInstalled({ development }) {
  const installed = readLock(join(modules, '.package-lock.json'));
  const wanted = readLock(join(root, 'package-lock.json'));
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    // Left out on some machines: what is for another system, and what could not be built and is not needed.
    if (path === '' || entry.optional || entry.devOptional || (entry.dev && !development)) return true;
    return installed[path]?.version === entry.version;
  });
}

function readLock(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

/**
 * npm, run by a Node outside node_modules: `npm ci` starts by deleting the one inside, which is the first on the path of a package
 * script.
 */
function npm() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(modules));
  const env = { ...process.env, PATH: path.join(delimiter) };
  for (const name of Object.keys(env)) {
    if (/^npm_(lifecycle|package|node)|^NODE$|^INIT_CWD$/.test(name)) delete env[name];
  }
  const node = path.map((folder) => join(folder, 'node')).find((file) => existsSync(file));
  const cli = process.env.npm_execpath;
  if (node === undefined || cli === undefined || !/npm-cli\.[cm]?js$/.test(cli))
    return { command: 'npm', args: [], env };
  return { command: node, args: [cli], env };
}

/** The Node that runs the product: this one where it is new enough, else the one among the packages. */
export function findNode24() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const binary = join(modules, 'node', 'bin', 'node');
  if (existsSync(binary)) return binary;
  throw new SetupError(
    `Carebridge needs Node >= ${NEEDED.join('.')}; this is ${process.versions.node}, and the package "node" did not bring one. ` +
      'If "npm config get ignore-scripts" says true, set it to false and delete node_modules; or install Node 24.',
  );
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}
