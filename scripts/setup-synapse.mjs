/** A Python virtual environment with Synapse, the homeserver of the demo and the end-to-end tests. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root, SetupError, step } from './setup-step.mjs';

const REQUIREMENTS = join(root, 'scripts', 'requirements.txt');
const NEEDED_MINOR = 10;

/** Makes it where it is not there, and answers the path of its Python. */
export async function installSynapse() {
  // Set by who has a Synapse of their own.
  if (process.env.CAREBRIDGE_SYNAPSE_PYTHON) return process.env.CAREBRIDGE_SYNAPSE_PYTHON;
  const requirements = readFileSync(REQUIREMENTS, 'utf8');
  const version = /^matrix-synapse==(\S+)$/m.exec(requirements)[1];
  const environment = join(cache, `synapse-${version}`);
  const python = join(environment, 'bin', 'python');
  const stamp = join(environment, 'complete');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === requirements && existsSync(python)) return python;

  const system = findPython();
  mkdirSync(cache, { recursive: true });
  // An interrupted set-up is taken up again where its Python works: pip keeps what it has already installed.
  if (spawnSync(python, ['-m', 'pip', '--version']).status !== 0) {
    rmSync(environment, { recursive: true, force: true });
    await step('Making a Python virtual environment for Synapse.', system, ['-m', 'venv', environment], {
      advice: 'On Debian and Ubuntu, install the package python3-venv.',
      logName: 'venv.log',
    });
  }
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
  await step(
    `Installing Synapse ${version}, the homeserver of the demo and the tests. It takes about a minute.`,
    python,
    pip,
    {
      advice: 'It needs the Python package index, or a copy of it named in the configuration of pip.',
      logName: 'pip.log',
    },
  );
  writeFileSync(stamp, requirements);
  return python;
}

/** A Python of the machine that is new enough and can make virtual environments. */
function findPython() {
  const names = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  const found = [];
  for (const name of names) {
    const answer = spawnSync(name, ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' });
    if (answer.status !== 0) continue;
    const [major, minor] = answer.stdout.trim().split(' ').map(Number);
    found.push(`${name} is ${major}.${minor}`);
    if (major !== 3 || minor < NEEDED_MINOR) continue;
    if (spawnSync(name, ['-c', 'import venv, ensurepip']).status === 0) return name;
    throw new SetupError(
      `${name} (${major}.${minor}) cannot make virtual environments: its modules venv and ensurepip are missing. ` +
        `On Debian and Ubuntu, install python3-venv (apt install python3-venv) and run this again.`,
    );
  }
  const have = found.length === 0 ? 'none was found' : found.join(', ');
  throw new SetupError(
    `Synapse, the homeserver of the demo and the tests, needs Python >= 3.${NEEDED_MINOR}; here ${have}. Install one and run this again.`,
  );
}
