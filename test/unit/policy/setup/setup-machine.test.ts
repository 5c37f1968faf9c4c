import { expect } from 'chai';
import type { LineId, UserId } from '../../../../src/model/ids.ts';
import type { RoleId, UnitId } from '../../../../src/model/role.ts';
import { SETUP_STEPS, type SetupFacts, type SetupState, type SetupStepId } from '../../../../src/model/setup.ts';
import { afterAction, beginSetup, continueSetup, withoutSetup } from '../../../../src/policy/setup/setup-machine.ts';

const NURSE = '@nurse:hospital.test' as UserId;
const ADMIN = '@admin:hospital.test' as UserId;

/** A hospital where everything is there. */
const DONE: SetupFacts = {
  prefix: '!care',
  domain: 'hospital.test',
  configFile: 'config.yaml',
  commandRoom: { problem: undefined, joined: new Set([ADMIN, NURSE]) },
  securityRoom: { joined: new Set([ADMIN]) },
  carriers: [{ name: 'kannel', isSimulator: false }],
  lines: [{ id: 'front-desk' as LineId, carrier: 'kannel', team: [NURSE] }],
  roles: [
    { id: 'administrator' as RoleId, name: 'Administrator', isBuiltIn: true, holders: [ADMIN] },
    { id: 'icu-nurse' as RoleId, name: 'ICU nurse', isBuiltIn: false, holders: [NURSE] },
  ],
  units: [{ id: 'icu' as UnitId, name: 'Intensive care', hasSpace: true }],
};

/** What is missing for each step to be open. */
const MISSING: Readonly<Record<SetupStepId, Partial<SetupFacts>>> = {
  'command-room': { commandRoom: { problem: 'anybody can join it.', joined: new Set([NURSE]) } },
  'security-room': { securityRoom: undefined },
  line: { carriers: [{ name: 'loopback', isSimulator: true }] },
  team: { commandRoom: { problem: undefined, joined: new Set([ADMIN]) } },
  roles: { roles: DONE.roles.slice(0, 1) },
  unit: { units: [] },
};

const at = (step: SetupStepId, awaiting: SetupState['awaiting'], answers: readonly string[] = []): SetupState => ({
  step,
  awaiting,
  answers,
});

describe('!care setup', () => {
  it('goes through everything at once where everything is there, and ends with the report', () => {
    const turn = beginSetup(undefined, DONE);
    expect(turn).to.include({ state: undefined, isFinished: true });
    expect(turn.says.match(/✓/g)).to.have.length(SETUP_STEPS.length);
    expect(turn.says).to.match(/\nThat was the last step\.$/);
  });

  it('shows how everything stands also where no set-up is under way, and begins none by being cancelled', () => {
    const facts = { ...DONE, ...MISSING.unit };
    expect(withoutSetup('Status', facts)).to.include({ state: undefined });
    expect(withoutSetup('Status', facts).says.split('\n')).to.have.length(SETUP_STEPS.length);
    expect(withoutSetup('cancel', facts)).to.deep.equal({
      says: 'No set-up is under way. `!care setup` begins one.',
      state: undefined,
    });
    expect(withoutSetup('', facts).state?.step).to.equal('unit');
  });

  for (const step of SETUP_STEPS) {
    it(`stops at ${step} where it is open, and goes on from there once it is done`, () => {
      const turn = beginSetup(undefined, { ...DONE, ...MISSING[step] });
      expect(turn.state?.step).to.equal(step);
      expect(turn.says.match(/✓/g) ?? []).to.have.length(SETUP_STEPS.indexOf(step));
      expect(turn.says).to.include('`next`');
      expect(continueSetup(turn.state!, 'next', DONE)).to.include({ isFinished: true });
    });

    it(`lets ${step} be left open`, () => {
      const facts = { ...DONE, ...MISSING[step] };
      const turn = continueSetup(beginSetup(undefined, facts).state!, 'skip', facts);
      expect(turn.says)
        .to.include('left open')
        .and.match(/^That was the last step\. Still open: [A-Z][a-z ]+\. `!care setup` /m);
      expect(turn.isFinished).to.equal(true);
    });

    it(`can be cancelled at ${step}`, () => {
      const turn = continueSetup(at(step, 'go-on'), 'Cancel', DONE);
      expect(turn.state).to.equal(undefined);
      expect(turn.isFinished).to.equal(undefined);
    });
  }

  it('does on a yes what it offers, and says what came of it', () => {
    const facts = { ...DONE, ...MISSING['security-room'] };
    const { state } = beginSetup(undefined, facts);
    const turn = continueSetup(state!, 'yes', facts);
    expect(turn.action).to.deep.equal({ kind: 'make-security-room' });
    const after = afterAction(turn.state!, 'Made it.', { ...facts, securityRoom: { joined: new Set() } });
    expect(after.says).to.include('Made it.').and.include('nobody has joined');
    expect(after.state).to.deep.equal(at('security-room', 'go-on'));
  });

  it('does nothing on a yes where it was done meanwhile', () => {
    const turn = continueSetup(at('security-room', 'yes'), 'yes', DONE);
    expect(turn.action).to.equal(undefined);
    expect(turn.isFinished).to.equal(true);
  });

  it('does nothing on other words than yes', () => {
    const facts = { ...DONE, ...MISSING['security-room'] };
    for (const words of ['maybe', 'yes please delete all', '!care', '']) {
      expect(continueSetup(at('security-room', 'yes'), words, facts).action).to.equal(undefined);
    }
  });

  it('offers the space of a unit that has none', () => {
    const facts = { ...DONE, units: [{ ...DONE.units[0]!, hasSpace: false }] };
    const turn = continueSetup(beginSetup(undefined, facts).state!, 'yes', facts);
    expect(turn.action).to.deep.equal({ kind: 'make-unit', unit: 'icu' });
  });

  it('gives a role that nobody has to whom it is told', () => {
    const facts = { ...DONE, roles: [DONE.roles[0]!, { ...DONE.roles[1]!, holders: [] }] };
    const { state } = beginSetup(undefined, facts);
    for (const wrong of ['nurse', '@nurse:elsewhere.test', `${NURSE} ${ADMIN}`]) {
      expect(continueSetup(state!, wrong, facts)).to.deep.include({ state });
    }
    const turn = continueSetup(state!, NURSE, facts);
    expect(turn.action).to.deep.equal({ kind: 'give-role', role: 'icu-nurse', user: NURSE });
  });

  it('asks for a line, corrects what is wrong, and gives the lines to paste with the file’s name', () => {
    const facts = { ...DONE, ...MISSING.line };
    let turn = beginSetup(undefined, facts);
    for (const [words, next] of [
      ['Front Desk!', 'a-z'],
      ['front-desk', 'there already'],
      ['pharmacy', 'Which number'],
      ['555', '+12125550100'],
      ['+12125550101', 'Which carrier'],
      ['pigeon', 'loopback, new'],
      ['new', 'Who is its team'],
      [`${NURSE}, @clerk:hospital.test`, 'config.yaml'],
    ] as const) {
      turn = continueSetup(turn.state!, words, facts);
      expect(turn.says).to.include(next);
    }
    for (const line of [
      ...['carriers:', '  kannel:', '    type: kannel', 'lines:', '  - id: pharmacy', '    number: "+12125550101"'],
      ...['    carrier: kannel', '    team:', `      - "${NURSE}"`, '      - "@clerk:hospital.test"', 'check-config'],
    ]) {
      expect(turn.says).to.include(line);
    }
    expect(turn.state).to.deep.equal(at('line', 'go-on'));
  });

  it('asks for a role and for a unit in the same way', () => {
    const facts = { ...DONE, ...MISSING.roles };
    let turn = beginSetup(undefined, facts);
    for (const words of ['privacy', 'Privacy officer', 'privacy-officer'])
      turn = continueSetup(turn.state!, words, facts);
    for (const line of ['  - id: privacy', '    name: "Privacy officer"', '      - security-room', '      - icu']) {
      expect(turn.says).to.include(line);
    }
    turn = beginSetup(undefined, { ...DONE, units: [] });
    for (const words of ['icu', 'Intensive "care"', 'Intensive care'])
      turn = continueSetup(turn.state!, words, { ...DONE, units: [] });
    expect(turn.says).to.include('units:\n  - id: icu\n    name: "Intensive care"');
  });

  it('shows a step that is named even where it is done, for more of it', () => {
    const turn = continueSetup(at('unit', 'go-on'), 'line', DONE);
    expect(turn.state).to.deep.equal(at('line', 'field'));
    expect(turn.says).to.include('called?');
  });

  it('goes back, begins again, and tells how everything stands', () => {
    expect(continueSetup(at('unit', 'go-on'), 'back', DONE).state?.step).to.equal('roles');
    expect(continueSetup(at('unit', 'go-on'), 'restart', DONE).says.match(/✓/g)).to.have.length(6);
    const status = continueSetup(at('unit', 'go-on'), 'status', DONE);
    expect(status.says.split('\n')).to.have.length(6);
    expect(status.state).to.deep.equal(at('unit', 'go-on'));
  });

  it('takes what is said for what it is: no answer goes into YAML that was not read as what was asked', () => {
    const facts = { ...DONE, units: [] };
    let turn = beginSetup(undefined, facts);
    turn = continueSetup(turn.state!, 'icu', facts);
    for (const words of ['a"\nadmins:\n  - "@evil:x', 'a: b', '{{x}}', '`rm`', '#', '']) {
      const { says } = continueSetup(turn.state!, words, facts);
      expect(says).to.equal('Write letters, digits and spaces, at most 60.');
    }
  });
});
