/** Who may do what, and where. */
import { COMMAND_NAMES } from '../../model/command-name.ts';
import { PERMISSIONS, type Permission } from '../../model/permission.ts';
import { PHI_CLASSES } from '../../model/phi-class.ts';
import { MAX_ROLE_POWER } from '../../model/role.ts';
import { optional, section, setting, settingList, type SectionList } from '../setting.ts';
import { choice, duration, integer, text, textLike } from '../value-types.ts';

const YEAR_MS = 365 * 86_400_000;

const id = textLike('text', /^[a-z0-9][a-z0-9-]{0,39}$/, 'made of a-z, 0-9 and -');

const unit = section('A unit.', {
  id: setting(id, { question: 'What is it called in roles and commands?', example: 'icu' }),
  name: setting(text, { question: 'What is it called in rooms?', example: 'Intensive care' }),
});

/** Departments, each a Matrix space. */
export const units = {
  kind: 'section-list',
  question: 'Your departments. Each can have a space with its care teams in it.',
  isOptional: true,
  item: unit,
} as const satisfies SectionList<(typeof unit)['children']>;

const role = section('A role.', {
  id: setting(id, {
    question: 'What is it called in commands, CSV files and the directory below?',
    more: `administrator (everything, power ${MAX_ROLE_POWER}; held by all in admins) and line-team (texting; held by the teams of all lines) exist already and can be redefined here.`,
    example: 'icu-nurse',
  }),
  name: optional(text, { question: 'What name is shown to people?', example: 'ICU nurse', leftOut: 'its id' }),
  power: setting(integer(0, 1_000), {
    question: 'What power level does it have in governed rooms?',
    more: `0 to ${MAX_ROLE_POWER}. 50 may remove people and messages. The bot has 100, so it can undo whatever a role does.`,
    fallback: '0',
  }),
  permissions: settingList(choice(Object.keys(PERMISSIONS) as Permission[]), {
    question: 'What does it permit?',
    more: 'The list is in docs/care-policy.md. use-commands is needed for any command, and makes its holder a member of the command room.',
    isRequired: false,
    example: ['use-commands', 'text-patients', 'view-rooms'],
  }),
  commands: settingList(choice(COMMAND_NAMES), {
    question: 'Which commands is it limited to?',
    more: 'If none is named, all that its permissions allow. Whoever also has another role may use what that one permits.',
    isRequired: false,
    example: ['text', 'consent', 'who'],
  }),
  classes: settingList(choice(PHI_CLASSES), {
    question: 'Which PHI classes of rooms may its holders be in?',
    isRequired: false,
    example: ['none', 'phi'],
  }),
  units: settingList(text, {
    question: 'Which units’ rooms may they be in?',
    more: '[all]: every unit, and the patients’ rooms of every line.',
    isRequired: false,
    example: ['icu'],
  }),
  idle_logoff: optional(duration(YEAR_MS, 60_000), {
    question: 'After how long without use is a session of its holders ended?',
    more: 'Their client then signs out for good and drops its keys: without recovery set up (key backup), older messages are lost to them.',
    example: '12h',
    leftOut: 'never',
  }),
});

/** Roles beside the built-in ones. */
export const roles = {
  kind: 'section-list',
  question: 'Roles. They are given by commands, CSV files or the directory.',
  isOptional: true,
  item: role,
} as const satisfies SectionList<(typeof role)['children']>;
