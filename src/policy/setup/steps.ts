/** The steps of `!care setup`. A new one is one entry here and in `SETUP_STEPS`. */
import type { RoleId } from '../../model/role.ts';
import type { UserId } from '../../model/ids.ts';
import type { SetupFacts } from '../../model/setup.ts';
import { keyField, nameField, numberField, oneOfField, usersField } from './fields.ts';
import type { SetupStep, SetupView, SetupWay } from './setup-step.ts';

/** In order. */
export const STEPS: readonly SetupStep[] = [
  { id: 'command-room', title: 'Command room', look: lookAtCommandRoom },
  { id: 'security-room', title: 'Security room', look: lookAtSecurityRoom },
  { id: 'line', title: 'First line', look: lookAtLines },
  { id: 'team', title: 'Team', look: lookAtTeams },
  { id: 'roles', title: 'Roles', look: lookAtRoles },
  { id: 'unit', title: 'Unit', look: lookAtUnits },
];

function lookAtCommandRoom({ commandRoom }: SetupFacts): SetupView {
  const { problem, joined } = commandRoom;
  if (problem !== undefined) {
    return open(`It is not safe: ${problem}`, {
      kind: 'wait',
      ask: 'Fix that in the room’s settings, then say `next`.',
    });
  }
  return done(`encrypted, by invitation, ${people(joined.size)} in it.`);
}

function lookAtSecurityRoom({ securityRoom }: SetupFacts): SetupView {
  if (securityRoom === undefined) {
    return open('There is none. Break-glass and what the bot cannot fix are announced there.', {
      kind: 'offer',
      ask: 'Shall I make it, and invite those whose role permits it? Say `yes`, or `next` to skip it.',
      action: { kind: 'make-security-room' },
    });
  }
  if (securityRoom.joined.size === 0) {
    const ask = 'Accept the invitation to it in Element (or have a privacy officer do so), then say `next`.';
    return open('It is there, and nobody has joined it.', { kind: 'wait', ask });
  }
  return done(`${people(securityRoom.joined.size)} in it.`);
}

function lookAtLines({ lines, carriers }: SetupFacts): SetupView {
  const way: SetupWay = {
    kind: 'form',
    fields: [
      keyField('What should the new line be called? e.g. `pharmacy`', (facts) => facts.lines.map(({ id }) => id)),
      numberField,
      oneOfField(
        ({ carriers: all }) =>
          `Which carrier serves it? ${all.map(({ name }) => name).join(', ')}, or \`new\` for a Kannel gateway.`,
        ({ carriers: all }) => [...all.map(({ name }) => name), 'new'],
      ),
      usersField('Who is its team? User ids, with spaces between.', 50),
    ],
    result: ([id = '', number = '', carrier = '', team = ''], { configFile }) => ({
      paste: lineYaml(configFile, id, number, carrier, team.split(' ')),
    }),
  };
  const list = lines.map(({ id, carrier }) => `${id} (${carrier})`).join(', ');
  if (lines.length === 0) return { isDone: false, says: 'There is none.', way };
  if (carriers.every(({ isSimulator }) => isSimulator)) {
    return { isDone: false, says: `${list}. That is the simulated carrier: no text reaches a phone.`, way };
  }
  return { isDone: true, says: `${list}.`, way };
}

function lookAtTeams({ lines, commandRoom }: SetupFacts): SetupView {
  if (lines.length === 0) return done('there is no line yet.');
  const absent = lines.filter(({ team }) => !team.some((user) => commandRoom.joined.has(user)));
  const way: SetupWay = {
    kind: 'form',
    fields: [
      oneOfField(
        (facts) => `Which line’s team do you want to change? ${facts.lines.map(({ id }) => id).join(', ')}`,
        (facts) => facts.lines.map(({ id }) => id),
      ),
      usersField('Who is in it? All their user ids, with spaces between.', 50),
    ],
    result: ([id = '', team = ''], { configFile }) => ({
      paste: [
        `# ${configFile}, in the line ${id}`,
        '    team:',
        ...team.split(' ').map((user) => `      - "${user}"`),
      ].join('\n'),
    }),
  };
  const sizes = lines.map(({ id, team }) => `${id}: ${people(team.length)}`).join('; ');
  if (absent.length > 0) {
    const names = absent.map(({ id, team }) => `${id} (${team.slice(0, 3).join(', ')})`).join('; ');
    return {
      isDone: false,
      says: `Nobody has joined the command room from: ${names}. Texts wait until one of a team is there: have them accept the invitation, then say \`next\`.`,
      way,
    };
  }
  return { isDone: true, says: `${sizes}.`, way };
}

function lookAtRoles({ roles }: SetupFacts): SetupView {
  const own = roles.filter(({ isBuiltIn }) => !isBuiltIn);
  const unheld = own.find(({ holders }) => holders.length === 0);
  const list = roles.map(({ id, holders }) => `${id} (${people(holders.length)})`).join(', ');
  if (unheld !== undefined) {
    return { isDone: false, says: `${list}. Nobody has the role ${unheld.id}.`, way: giveRole(unheld.id, unheld.name) };
  }
  if (own.length === 0) return { isDone: false, says: `Only those that are built in: ${list}.`, way: NEW_ROLE };
  return { isDone: true, says: `${list}.`, way: NEW_ROLE };
}

function lookAtUnits({ units }: SetupFacts): SetupView {
  const bare = units.find(({ hasSpace }) => !hasSpace);
  if (bare !== undefined) {
    return open(`${bare.name} has no space yet.`, {
      kind: 'offer',
      ask: `Shall I make the space of ${bare.name}, and invite its staff? Say \`yes\`, or \`next\` to skip it.`,
      action: { kind: 'make-unit', unit: bare.id },
    });
  }
  const names = units.map(({ name }) => name).join(', ');
  if (units.length === 0) return { isDone: false, says: 'There is none.', way: NEW_UNIT };
  return { isDone: true, says: `${names}.`, way: NEW_UNIT };
}

function giveRole(role: RoleId, name: string): SetupWay {
  return {
    kind: 'form',
    fields: [usersField(`Who should have it (${name})? One user id, or \`next\` to skip it.`, 1)],
    result: ([user = '']) => ({ action: { kind: 'give-role', role, user: user as UserId } }),
  };
}

/** What the questions offer; anything else is written by hand. */
const ROLE_KINDS: Readonly<Record<string, readonly string[]>> = {
  clinician: ['use-commands', 'text-patients', 'record-consent', 'view-rooms', 'break-glass'],
  'privacy-officer': [
    'use-commands',
    'view-roles',
    'view-rooms',
    'end-break-glass',
    'read-audit',
    'check-policy',
    'security-room',
  ],
  'front-desk': ['use-commands', 'text-patients', 'record-consent'],
};

const NEW_ROLE: SetupWay = {
  kind: 'form',
  fields: [
    keyField('What should the new role be called? e.g. `icu-nurse`, `privacy`', (facts) =>
      facts.roles.map(({ id }) => id),
    ),
    nameField('What name do people see? e.g. ICU nurse'),
    oneOfField(
      () => `What is it like? ${Object.keys(ROLE_KINDS).join(', ')}`,
      () => Object.keys(ROLE_KINDS),
    ),
  ],
  result: ([id = '', name = '', kind = ''], { configFile, units }) => ({
    paste: [
      `# ${configFile}; if there is already a "roles:", leave that line out`,
      'roles:',
      `  - id: ${id}`,
      `    name: "${name}"`,
      '    permissions:',
      ...(ROLE_KINDS[kind] ?? []).map((permission) => `      - ${permission}`),
      '    classes:',
      ...['none', 'phi'].map((phiClass) => `      - ${phiClass}`),
      ...(units.length === 0 ? [] : ['    units:', ...units.map((unit) => `      - ${unit.id}`)]),
    ].join('\n'),
  }),
};

const NEW_UNIT: SetupWay = {
  kind: 'form',
  fields: [
    keyField('What should the unit be called in roles and commands? e.g. `icu`', (facts) =>
      facts.units.map(({ id }) => id),
    ),
    nameField('What name do people see? e.g. Intensive care'),
  ],
  result: ([id = '', name = ''], { configFile }) => ({
    paste: [
      `# ${configFile}; if there is already a "units:", leave that line out`,
      'units:',
      `  - id: ${id}`,
      `    name: "${name}"`,
    ].join('\n'),
  }),
};

function lineYaml(file: string, id: string, number: string, carrier: string, team: readonly string[]): string {
  const isNew = carrier === 'new';
  const gateway = [
    `# ${file}; if there is already a "carriers:", leave that line out`,
    'carriers:',
    '  kannel:',
    '    type: kannel',
    '    url: http://127.0.0.1:13013/cgi-bin/sendsms',
    '    username: carebridge',
    '    password_file: secrets/kannel.password',
    '    webhook_secret_file: secrets/kannel-webhook.secret',
    '# Write the password into secrets/kannel.password (chmod 600); `carebridge register` makes the other file.',
    '',
  ];
  return [
    ...(isNew ? gateway : []),
    `# ${file}; if there is already a "lines:", leave that line out`,
    'lines:',
    `  - id: ${id}`,
    `    number: "${number}"`,
    `    carrier: ${isNew ? 'kannel' : carrier}`,
    '    team:',
    ...team.map((user) => `      - "${user}"`),
  ].join('\n');
}

function done(says: string): SetupView {
  return { isDone: true, says, way: undefined };
}

function open(says: string, way: SetupWay): SetupView {
  return { isDone: false, says, way };
}

function people(count: number): string {
  return count === 1 ? '1 person' : `${count} people`;
}
