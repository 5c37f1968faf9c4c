import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../../src/config/load-config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { configFolder, MINIMAL, TEST_KEY } from '../../support/config-folder.ts';

/** The problems as lines, without the folder. */
function problemsOf(path: string, env: Record<string, string> = {}): string[] {
  try {
    loadConfig(path, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replaceAll(`${dirname(path)}/`, ''));
  }
}

/** MINIMAL with one part replaced. */
function changed(from: string, to: string): string {
  if (!MINIMAL.includes(from)) throw new Error(`MINIMAL has no ${from}`);
  return MINIMAL.replace(from, to);
}

describe('loadConfig', () => {
  it('loads a file of fewer than 15 lines, and fills in the rest', async () => {
    expect(MINIMAL.trim().split('\n')).to.have.length.below(15);
    const path = await configFolder();
    const config = loadConfig(path, {});
    const folder = dirname(path);
    expect(config).to.deep.include({
      homeserver: { url: 'http://127.0.0.1:8008', domain: 'hospital.example' },
      http: { host: '127.0.0.1', port: 9994, publicUrl: 'http://127.0.0.1:9994' },
      database: { dialect: 'sqlite', path: join(folder, 'carebridge.db') },
      practice: { name: 'Mercy Clinic', contact: '+1 212 555 0100', country: 'US' },
      lines: [{ id: 'front-desk', number: '+12125550100', carrier: 'kannel', team: ['@nurse:hospital.example'] }],
      admins: ['@admin:hospital.example'],
      rooms: { version: undefined },
      retention: { wipeAfterMs: 3_600_000, keepParkedMs: 90 * 86_400_000 },
      queue: { concurrency: 16, maxAttempts: 12 },
    });
    expect(config.appservice).to.deep.equal({
      url: 'http://127.0.0.1:9993',
      listen: { host: '127.0.0.1', port: 9993 },
      registration: join(folder, 'registration.yaml'),
      bot: 'carebridge',
      ghostPrefix: 'carebridge_',
    });
    expect(config.carriers.get('kannel')).to.deep.equal({
      type: 'kannel',
      url: 'http://127.0.0.1:13013/cgi-bin/sendsms',
      username: 'carebridge',
      password: 'kannel password',
      smsc: undefined,
      webhookSecret: 'webhook-secret-for-tests',
      statusUrl: undefined,
      statusPassword: undefined,
    });
    expect(config.encryption).to.include({
      engine: 'wasm',
      store: join(folder, 'crypto'),
      passphrase: 'crypto passphrase for tests',
      trust: 'cross-signed',
      keyNoticeAfterMs: 60_000,
    });
    const key = Buffer.from(TEST_KEY, 'base64');
    const [phiKey] = config.secrets.phiKeys;
    expect(phiKey?.id).to.equal(createHash('sha256').update(key).digest('hex').slice(0, 8));
    expect(Buffer.from(phiKey?.key ?? [])).to.deep.equal(key);
  });

  const wrong: [what: string, text: string, expected: string[]][] = [
    [
      'an unknown setting, with the name it was meant to be',
      changed('  domain:', '  domian: x\n  domain:'),
      ['config.yaml:2:3 homeserver.domian: there is no such setting; did you mean domain?'],
    ],
    [
      'an unknown section',
      `${MINIMAL}fax: {}\n`,
      [
        'config.yaml:15:1 fax: there is no such setting; use one of homeserver, practice, admins, carriers, lines, units, roles, phi_classes, governance, break_glass, directory, accounts, audit, archive, homeserver_declarations, appservice, http, database, secrets, encryption, commands, consent, rooms, retention, queue, log',
      ],
    ],
    [
      'a setting given twice',
      changed('  name: Mercy Clinic', '  name: Mercy\n  name: Mercy Clinic'),
      ['config.yaml:5:3 practice.name: it is given twice; remove one of them'],
    ],
    [
      'what is missing, where it would be',
      changed('  name: Mercy Clinic\n', ''),
      ['config.yaml:3:1 practice.name: it is missing; set it, such as name: Mercy Clinic'],
    ],
    [
      'a list in place of a value',
      changed('domain: hospital.example', 'domain: [a, b]'),
      [
        'config.yaml:2:3 homeserver.domain: it is not a single value (server name); write one value, in quotes if it holds : or #',
      ],
    ],
    [
      'a value in place of a list',
      changed('admins: ["@admin:hospital.example"]', 'admins: "@admin:hospital.example"'),
      ['config.yaml:6:9 admins: it is not a list; write a list, such as ["@admin:hospital.example"]'],
    ],
    [
      'a value in place of a section',
      `${MINIMAL}queue: 5\n`,
      ['config.yaml:15:8 queue: it does not hold settings; write its settings below it, indented, as name: value'],
    ],
    [
      'a number out of range',
      `${MINIMAL}queue:\n  concurrency: 0\n`,
      ['config.yaml:16:16 queue.concurrency: it is not a whole number from 1 to 1000; write the number in digits'],
    ],
    [
      'a time span without a unit',
      `${MINIMAL}retention:\n  wipe_after: 10\n`,
      [
        'config.yaml:16:15 retention.wipe_after: it is not a time span; write a number and a unit, such as 30s, 10m, 12h or 7d',
      ],
    ],
    [
      'a word that is no choice',
      `${MINIMAL}log:\n  level: loud\n`,
      ['config.yaml:16:10 log.level: it is none of the choices; use one of debug, info, warn, error'],
    ],
    [
      'a password in an address, without repeating it',
      changed('  domain:', '  url: http://me:hunter2@127.0.0.1\n  domain:'),
      [
        'config.yaml:2:8 homeserver.url: it holds a user name or password, and addresses are logged; leave that part out',
      ],
    ],
    [
      'a number that does not exist, without repeating it',
      changed('+12125550100', '+1212'),
      [
        'config.yaml:13:13 lines[0].number: it is not a full, existing phone number; write it with + and the country code, such as +12125550100',
      ],
    ],
    [
      'a number without its country',
      changed('+12125550100', '2125550100'),
      [
        'config.yaml:13:13 lines[0].number: it is not a full, existing phone number; write it with + and the country code, such as +12125550100',
      ],
    ],
    [
      'what is no user id',
      changed('"@nurse:hospital.example"', 'nurse'),
      ['config.yaml:14:12 lines[0].team[0]: it is not a Matrix user id; write "@name:server" in quotes'],
    ],
    [
      'a user of another server',
      changed('"@nurse:hospital.example"', '"@nurse:hospital.exmaple"'),
      [
        'config.yaml:14:12 lines[0].team[0]: the user is on hospital.exmaple, another server than homeserver.domain; did you mean hospital.example?',
      ],
    ],
    [
      'a user of our own',
      changed('"@nurse:hospital.example"', '"@carebridge:hospital.example"'),
      ['config.yaml:14:12 lines[0].team[0]: it is a user of Carebridge itself; name a person'],
    ],
    [
      'an empty team',
      changed('["@nurse:hospital.example"]', '[]'),
      ['config.yaml:14:5 lines[0].team: it is missing; name at least one, such as ["@nurse:hospital.example"]'],
    ],
    [
      'a carrier that there is not',
      changed('    number:', '    carrier: kanel\n    number:'),
      ['config.yaml:13:14 lines[0].carrier: there is no such carrier; did you mean kannel?'],
    ],
    [
      'a carrier of an unknown type',
      changed('type: kannel', 'type: twilio'),
      ['config.yaml:9:11 carriers.kannel.type: there is no such type; use one of kannel, loopback'],
    ],
    [
      'a carrier without a type',
      changed('    type: kannel\n', ''),
      ['config.yaml:8:3 carriers.kannel.type: it is missing; use one of kannel, loopback'],
    ],
    [
      'two lines with one id and one number',
      `${MINIMAL}  - id: front-desk\n    number: "+1 212 555 0100"\n    team: ["@nurse:hospital.example"]\n`,
      [
        'config.yaml:15:9 lines[1].id: it is the same as that of lines[0]; give each line its own',
        'config.yaml:16:13 lines[1].number: it is the same as that of lines[0]; give each line its own',
      ],
    ],
    [
      "the sender's name for the bot",
      `${MINIMAL}appservice:\n  bot: _carebridge\n`,
      [
        "config.yaml:16:8 appservice.bot: it is the name of the registration's sender, to which homeservers refuse /sync; choose another name, such as carebridge",
      ],
    ],
    [
      'one port for both sides',
      `${MINIMAL}http:\n  port: 9993\n`,
      [
        "config.yaml:16:9 http.port: it is the same as appservice.listen.port; choose another one: carriers must not reach the homeserver's side",
      ],
    ],
    [
      'two databases',
      `${MINIMAL}database:\n  path: a.db\n  url: postgres://u:p@localhost/db\n`,
      ['config.yaml:15:1 database: both path and url are given; keep path for SQLite, or url for PostgreSQL'],
    ],
    [
      'words of our own under the version of theirs',
      `${MINIMAL}consent:\n  warning: "{practice}: text? Reply YES or NO. 2 msgs per week. Msg&data rates may apply. HELP, STOP."\n`,
      [
        'config.yaml:15:1 consent.wording_version: the warning has words of your own, but the version is that of ours; set it to a name for your words, such as "mercy-1": consent records refer to it',
      ],
    ],
    ['a tab', `homeserver:\n\tdomain: x\n`, ['config.yaml:2:1 a tab is used as indentation; use spaces']],
    [
      'a tag',
      changed('domain: hospital.example', 'domain: !vault hospital.example'),
      ['config.yaml:2:11 a tag (!) is not known; put the value in quotes'],
    ],
  ];

  for (const [what, text, expected] of wrong) {
    it(`names ${what}`, async () => {
      expect(problemsOf(await configFolder(text))).to.deep.equal(expected);
    });
  }

  it('names everything at once, in the order of the file', async () => {
    const text = `homeserver: { url: nowhere }\nadmins: [me]\nlines: []\nqueue: { concurency: 3 }\nlog: { level: 7 }\n`;
    const problems = problemsOf(await configFolder(text)).map((line) => line.replace(/;.*/, ''));
    expect(problems).to.deep.equal([
      'config.yaml:1:1 homeserver.domain: it is missing',
      'config.yaml:1:1 practice.name: it is missing',
      'config.yaml:1:1 practice.contact: it is missing',
      'config.yaml:1:1 carriers: it is missing',
      'config.yaml:1:20 homeserver.url: it is not an http:// or https:// address',
      'config.yaml:2:10 admins[0]: it is not a Matrix user id',
      'config.yaml:3:1 lines: it is missing',
      'config.yaml:4:10 queue.concurency: there is no such setting',
      'config.yaml:5:15 log.level: it is none of the choices',
    ]);
  });

  it('never repeats what is in the file of a secret, whatever is wrong', async () => {
    const path = await configFolder();
    await writeFile(join(dirname(path), 'secrets/phi.key'), 'hunter2');
    expect(problemsOf(path)).to.deep.equal([
      'config.yaml:1:1 secrets.phi_key: it is not a key of 32 bytes in base64; write 32 random bytes in base64, one key a line (openssl rand -base64 32)',
    ]);
    expect(problemsOf(await configFolder(`secrets: { phi_key: "hunter2 }\n`)).join('\n')).not.to.include('hunter2');
  });

  it('names an empty file', async () => {
    expect(problemsOf(await configFolder('')).length).to.be.above(3);
  });

  it('names a file that is not there', () => {
    expect(problemsOf('nowhere/config.yaml')).to.deep.equal([
      'config.yaml:1:1 there is no such file; copy config/config.sample.yaml there, or name another file with --config',
    ]);
  });
});

describe('secrets', () => {
  it('come from the environment', async () => {
    const path = await configFolder(changed('    password_file: kannel.password\n', ''));
    const config = loadConfig(path, {
      CAREBRIDGE_CARRIERS_KANNEL_PASSWORD: 'from the environment',
      CAREBRIDGE_DATABASE_URL: 'postgres://u:p@127.0.0.1/carebridge',
    });
    expect(config.carriers.get('kannel')).to.include({ password: 'from the environment' });
    expect(config.database).to.deep.equal({ dialect: 'postgres', url: 'postgres://u:p@127.0.0.1/carebridge' });
  });

  it('come from the file itself', async () => {
    const path = await configFolder(changed('password_file: kannel.password', 'password: 0123'));
    expect(loadConfig(path, {}).carriers.get('kannel')).to.include({ password: '0123' });
  });

  it('are refused from two places', async () => {
    const path = await configFolder(changed('password_file:', 'password: x\n    password_file:'));
    expect(problemsOf(path, { CAREBRIDGE_CARRIERS_KANNEL_PASSWORD: 'y' })).to.deep.equal([
      'config.yaml:10:15 carriers.kannel.password: it is given more than once, in the file itself and password_file and the environment (CAREBRIDGE_CARRIERS_KANNEL_PASSWORD); keep one of them',
    ]);
  });

  it('are refused where others may read them, with what to run', async () => {
    const path = await configFolder();
    await chmod(join(dirname(path), 'kannel.password'), 0o640);
    expect(problemsOf(path)).to.deep.equal([
      'config.yaml:10:20 carriers.kannel.password_file: others than its owner may read or change kannel.password; run chmod 600 kannel.password',
    ]);
  });

  it('that are ours to make are asked of makeKey, and are otherwise a problem', async () => {
    const path = await configFolder();
    await rm(join(dirname(path), 'secrets'), { recursive: true });
    expect(problemsOf(path)).to.deep.equal([
      'config.yaml:1:1 secrets.phi_key: there is no file secrets/phi.key; run `carebridge register`, which makes it',
      'config.yaml:1:1 encryption.passphrase: there is no file secrets/crypto.passphrase; run `carebridge register`, which makes it',
      'config.yaml:8:3 carriers.kannel.webhook_secret: there is no file secrets/kannel-webhook.secret; run `carebridge register`, which makes it',
    ]);
    const asked: string[] = [];
    loadConfig(path, {}, (file) => {
      asked.push(file.path.slice(dirname(path).length + 1));
      return TEST_KEY.replace('=', '');
    });
    const made = ['secrets/phi.key', 'secrets/crypto.passphrase', 'secrets/kannel-webhook.secret'];
    // Without these two an older installation works as before; `register` makes them all the same.
    expect(asked).to.have.members([...made, 'secrets/audit-signing.key', 'secrets/archive.key']);
  });

  it('hold more than one PHI key, the first of which encrypts', async () => {
    const path = await configFolder();
    const second = Buffer.from('the key before: also of 32 bytes').toString('base64');
    await writeFile(join(dirname(path), 'secrets/phi.key'), `${TEST_KEY}\n${second}\n`);
    const keys = loadConfig(path, {}).secrets.phiKeys.map(({ key }) => Buffer.from(key).toString('base64'));
    expect(keys).to.deep.equal([TEST_KEY, second]);
  });
});
