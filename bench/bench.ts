/**
 * Measures the bridge against the homeserver it runs on, in one run on real parts.
 *
 *     npm run bench                              everything
 *     npm run bench -- --only inbound,memory     some parts: inbound, outbound, stored, memory, backlog, audit, governance, lost-device,
 *                                              lost-device-mas (with lost-device too; a real MAS where CAREBRIDGE_MAS_CLI names its mas-cli)
 *     npm run bench -- --quick                   with small counts, to see whether it works; writes nothing
 *     npm run bench -- --ghosts 100              fewer ghosts for the memory; writes nothing
 *     npm run bench -- --json FILE               writes what was measured there as well
 *     npm run bench -- --profile FOLDER          CPU profiles of the bridge
 *
 * Each part that was measured takes its place in bench/results.json and bench/RESULTS.md as soon as it is done; the others stay.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Hospital } from './hospital.ts';
import { patientNumbers } from './numbers.ts';
import { measureAudit } from './parts/audit.ts';
import { measureBacklog } from './parts/backlog.ts';
import { measureGovernance } from './parts/governance.ts';
import { measureInbound } from './parts/inbound.ts';
import { measureLostDeviceMas } from './parts/lost-device-mas.ts';
import { measureLostDevice } from './parts/lost-device.ts';
import { measureMemory } from './parts/memory.ts';
import { measureOutbound } from './parts/outbound.ts';
import { measureStored } from './parts/stored.ts';
import { FULL, isMet, QUICK, type PartResult, type Plan } from './plan.ts';
import { asMarkdown, asText, describeMachine, merged, type MadePart } from './report.ts';

const PARTS = [
  'inbound',
  'outbound',
  'stored',
  'memory',
  'backlog',
  'audit',
  'governance',
  'lost-device',
  'lost-device-mas',
];
const startedAt = Date.now();

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    ghosts: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
});
const wanted = new Set(options.only?.split(',') ?? PARTS);
// The same question, beside another owner of the accounts.
if (wanted.has('lost-device')) wanted.add('lost-device-mas');
for (const part of wanted) {
  if (!PARTS.includes(part)) throw new Error(`There is no part "${part}". Use some of ${PARTS.join(', ')}.`);
}
const basis = options.quick ? QUICK : FULL;
const plan: Plan = {
  ...basis,
  ghosts: options.ghosts === undefined ? basis.ghosts : Number(options.ghosts),
  profile: options.profile === undefined ? undefined : resolve(options.profile),
};
if (!(plan.ghosts > 0)) throw new Error('--ghosts takes a number.');
if (plan.profile !== undefined) await mkdir(plan.profile, { recursive: true });

const RESULTS = join(import.meta.dirname, 'results.json');
const isWritten = !options.quick && options.ghosts === undefined;
const made = {
  command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  date: new Date().toISOString().slice(0, 10),
  machine: describeMachine(),
};
const parts: MadePart[] = [];
if (wanted.has('outbound') || wanted.has('inbound')) await runMessages();
if (wanted.has('stored')) {
  say(`${plan.few} against ${plan.many} conversations stored ...`);
  await add(await measureStored(plan));
}
if (wanted.has('memory')) {
  say(`memory with ${plan.ghosts} ghosts ...`);
  await add(await measureMemory(plan, say));
}
if (wanted.has('backlog')) {
  say(`${plan.backlog} texts that wait ...`);
  await add(await measureBacklog(plan));
}
if (wanted.has('audit')) {
  say(`audit log of ${plan.auditRows} rows ...`);
  await add(await measureAudit(plan));
}
if (wanted.has('governance')) {
  say(`${plan.governed} governed rooms ...`);
  await add(await measureGovernance(plan, say));
}
if (wanted.has('lost-device')) {
  say(`${plan.lostDevices} lost phones ...`);
  await add(await measureLostDevice(plan));
}
if (wanted.has('lost-device-mas')) {
  say(`${plan.lostDevicesMas} lost sessions of each kind, beside MAS ...`);
  await add(await measureLostDeviceMas(plan));
}

if (isWritten) say('written: bench/RESULTS.md, bench/results.json');
const missed = parts.flatMap(({ findings }) => findings).filter((finding) => !isMet(finding));
say(missed.length === 0 ? 'every goal is met' : `missed: ${missed.map(({ what }) => what).join('; ')}`);

/** Both directions on one homeserver: the nurse's client first, since it must not run while the homeserver is compared. */
async function runMessages(): Promise<void> {
  await using hospital = await Hospital.start({ bridges: [{ name: 'main' }], profile: plan.profile });
  const { bridge, nurse } = hospital;
  say(`homeserver started; ${plan.width} conversations are opened ...`);
  const conversations = await bridge.seed({ live: patientNumbers(plan.width), stored: [] });
  await bridge.process.start();
  await hospital.open(bridge, conversations);
  if (wanted.has('outbound')) {
    say('nurse to patient ...');
    const rooms = conversations.map(({ template }) => roomOf(template?.url ?? ''));
    await add(await measureOutbound(hospital, rooms, plan));
  }
  nurse.stop();
  if (wanted.has('inbound')) {
    say('patient to room, in turns with raw Synapse ...');
    await add(await measureInbound(hospital, conversations, plan));
  }
}

function roomOf(url: string): string {
  return decodeURIComponent(/\/rooms\/([^/]+)\//.exec(url)?.[1] ?? '');
}

async function add(part: PartResult): Promise<void> {
  parts.push({ ...part, made });
  console.log(`\n${asText(part)}\n`);
  if (options.json !== undefined) await writeFile(options.json, json(parts));
  if (!isWritten) return;
  const all = merged(PARTS, JSON.parse(await readFile(RESULTS, 'utf8')) as MadePart[], parts);
  await writeFile(RESULTS, json(all));
  await writeFile(join(import.meta.dirname, 'RESULTS.md'), asMarkdown(all));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function say(line: string): void {
  console.log(`${((Date.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
}
