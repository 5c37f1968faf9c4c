/** `!care setup` as a pure function: where somebody stands, what they said and how things are -> what is said and done. */
import { SETUP_STEPS, type SetupFacts, type SetupState, type SetupStepId, type SetupTurn } from '../../model/setup.ts';
import type { SetupStep, SetupWay } from './setup-step.ts';
import { STEPS } from './steps.ts';

const YES = new Set(['yes', 'y', 'ok', 'do it', '✅', '👍']);
const ON = new Set(['next', 'skip', 'no', 'n', 'done', '❌']);

/** Begins, or goes on where it was left: tells how each step stands up to the first that is open. */
export function beginSetup(state: SetupState | undefined, facts: SetupFacts): SetupTurn {
  return enter(state?.step ?? SETUP_STEPS[0], facts, [hint(facts)]);
}

/** `status` or `cancel` where no set-up is under way; anything else begins it. */
export function withoutSetup(words: string, facts: SetupFacts): SetupTurn {
  const word = words.toLowerCase();
  if (word === 'status') return { says: overview(facts), state: undefined };
  if (word === 'cancel')
    return { says: `No set-up is under way. \`${facts.prefix} setup\` begins one.`, state: undefined };
  return beginSetup(undefined, facts);
}

/** One answer. `words` are what the person said, trimmed. */
export function continueSetup(state: SetupState, words: string, facts: SetupFacts): SetupTurn {
  const word = words.toLowerCase();
  if (word === 'cancel' || word === 'stop') {
    return { says: `Cancelled. What was done stays. \`${facts.prefix} setup\` starts again.`, state: undefined };
  }
  if (word === 'status') return { says: overview(facts), state };
  if (word === 'restart') return enter(SETUP_STEPS[0], facts, []);
  if (word === 'back') return enter(neighbour(state.step, -1) ?? state.step, facts, [], 'explicit');
  const named = SETUP_STEPS.find((step) => step === word);
  if (named !== undefined && state.awaiting !== 'field') return enter(named, facts, [], 'explicit');
  if (ON.has(word)) return goOn(state, facts);
  return answer(state, words, facts);
}

/** After what was to be done was done, with what came of it: the step is looked at anew. */
export function afterAction(state: SetupState, outcome: string, facts: SetupFacts): SetupTurn {
  return enter(state.step, facts, [outcome]);
}

function answer(state: SetupState, words: string, facts: SetupFacts): SetupTurn {
  const { way } = stepOf(state.step).look(facts);
  if (state.awaiting === 'yes') {
    if (!YES.has(words.toLowerCase())) return { says: 'Say `yes`, `next` to skip it, or `cancel`.', state };
    // It may have been done meanwhile, by somebody else or before a restart.
    if (way?.kind !== 'offer') return enter(state.step, facts, []);
    return { says: '', state, action: way.action };
  }
  if (state.awaiting === 'field' && way?.kind === 'form') return fill(state, way, words, facts);
  return enter(state.step, facts, []);
}

function fill(state: SetupState, way: SetupWay & { kind: 'form' }, words: string, facts: SetupFacts): SetupTurn {
  const field = way.fields[state.answers.length];
  if (field === undefined) return enter(state.step, facts, []);
  const read = field.read(words, facts);
  if ('problem' in read) return { says: read.problem, state };
  const answers = [...state.answers, read.value];
  const next = way.fields[answers.length];
  if (next !== undefined) return { says: next.ask(facts), state: { ...state, answers } };
  const result = way.result(answers, facts);
  if ('action' in result)
    return { says: '', state: { ...state, awaiting: 'go-on', answers: [] }, action: result.action };
  return {
    says: [
      `Write this into ${facts.configFile}:`,
      '',
      '```yaml',
      result.paste,
      '```',
      `Then run \`carebridge check-config\` and restart the bridge. I remember where we are: then say \`next\`.`,
    ].join('\n'),
    state: { ...state, awaiting: 'go-on', answers: [] },
  };
}

/** The step may be left open; the end says so. */
function goOn(state: SetupState, facts: SetupFacts): SetupTurn {
  const step = stepOf(state.step);
  const view = step.look(facts);
  const left = `${view.isDone ? '✓' : '○'} ${step.title}: ${view.isDone ? view.says : 'left open.'}`;
  const next = neighbour(state.step, 1);
  return next === undefined ? finish([left], facts) : enter(next, facts, [left]);
}

/** Goes through the steps that are done, and stops at the first that is not. One that is named is shown even so. */
function enter(first: SetupStepId, facts: SetupFacts, says: readonly string[], how?: 'explicit'): SetupTurn {
  const lines = [...says];
  for (let id: SetupStepId | undefined = first; id !== undefined; id = neighbour(id, 1)) {
    const step = stepOf(id);
    const { isDone, says: state, way } = step.look(facts);
    lines.push(`${isDone ? '✓' : '○'} ${step.title}: ${state}`);
    if (way === undefined || (isDone && !(how === 'explicit' && id === first))) continue;
    return { says: [...lines, ask(way, facts)].join('\n'), state: { step: id, awaiting: awaited(way), answers: [] } };
  }
  return finish(lines, facts);
}

function finish(lines: readonly string[], facts: SetupFacts): SetupTurn {
  const open = STEPS.filter(({ look }) => !look(facts).isDone).map(({ title }) => title);
  const end =
    open.length === 0
      ? 'That was the last step.'
      : `That was the last step. Still open: ${open.join(', ')}. \`${facts.prefix} setup\` goes through them again.`;
  return { says: [...lines, end].join('\n'), state: undefined, isFinished: true };
}

function ask(way: SetupWay, facts: SetupFacts): string {
  if (way.kind !== 'form') return way.ask;
  const question = way.fields[0]?.ask(facts) ?? '';
  return question.includes('`next`') ? question : `${question} (or \`next\` to skip it)`;
}

function awaited(way: SetupWay): SetupState['awaiting'] {
  return ({ offer: 'yes', form: 'field', wait: 'go-on' } as const)[way.kind];
}

function overview(facts: SetupFacts): string {
  return STEPS.map(({ title, look }) => {
    const { isDone, says } = look(facts);
    return `${isDone ? '✓' : '○'} ${title}: ${says}`;
  }).join('\n');
}

function stepOf(id: SetupStepId): SetupStep {
  const step = STEPS.find((one) => one.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
}

function neighbour(id: SetupStepId, distance: 1 | -1): SetupStepId | undefined {
  return SETUP_STEPS[SETUP_STEPS.indexOf(id) + distance];
}

function hint({ prefix }: SetupFacts): string {
  return `Setup. Answer here in plain words, or with ${prefix} setup <answer>. \`status\`, \`back\`, \`next\`, \`cancel\` and the name of a step (${SETUP_STEPS.join(', ')}) always work.`;
}
