/**
 * Runs a target of package.json (`npm run demo`, `npm test`, ...) after setting up what it needs, so that a fresh clone needs nothing but
 * Node >= 20 and, for the homeserver, Python >= 3.10. Plain JavaScript: it must run before anything is installed, on old Node too.
 *
 *     node scripts/run.mjs demo --once
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { findNode24, installPackages } from './setup-packages.mjs';
import { installSynapse } from './setup-synapse.mjs';
import { root, SetupError } from './setup-step.mjs';

/** What each target runs with Node 24, and whether it needs the development packages and the homeserver. */
const targets = {
  demo: { program: ['src/main.ts', 'demo'], development: true, synapse: true },
  test: { program: ['scripts/test.mjs'], development: true, synapse: true },
  check: { program: ['scripts/test.mjs', 'types', 'lint', 'format', 'unit'], development: true, synapse: false },
  bench: { program: ['bench/bench.ts'], development: true, synapse: true },
  soak: { program: ['bench/soak.ts'], development: true, synapse: true },
  start: { program: ['src/main.ts', 'start'], development: false, synapse: false },
  carebridge: { program: ['src/main.ts'], development: false, synapse: false },
  'config:sample': { program: ['src/config/print-sample.ts'], development: false, synapse: false },
  'config:docs': { program: ['src/config/print-reference.ts'], development: false, synapse: false },
  setup: { program: ['-e', ''], development: true, synapse: true },
};

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  const target = targets[name];
  if (target === undefined)
    throw new SetupError(`Unknown target "${name}". Use one of: ${Object.keys(targets).join(', ')}.`);
  await installPackages({ development: target.development });
  const node = findNode24();
  const env = { ...process.env };
  if (target.synapse) env.CAREBRIDGE_SYNAPSE_PYTHON = await installSynapse();
  // DEP0060 is about matrix-appservice-bridge's own dependencies: nothing that whoever runs this could mend.
  return await run(node, ['--disable-warning=DEP0060', ...target.program, ...args], env);
}

/** Runs the program in our place: same terminal, our signals are its signals, its exit code is ours. */
function run(node, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: root, stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        // Ctrl+C in a terminal reaches the child without our help; a second one would mean "at once".
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
