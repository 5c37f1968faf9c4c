import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../../../src/cli/index.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { silentLogger } from '../../../src/log.ts';
import type { PolicyInEffect } from '../../../src/services/policy-in-effect.ts';
import { FollowCommandLine } from '../../../src/services/follow-command-line.ts';
import { Lines } from '../../../src/services/lines.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { configFolder, MINIMAL } from '../../support/config-folder.ts';
import { FakeAccounts } from '../../support/fakes/fake-accounts.ts';

const CONFIG = `${MINIMAL}
database:
  path: carebridge.sqlite
roles:
  - id: nurse
    permissions: [use-commands]
  - id: auditor
    permissions: [use-commands, read-audit]
`;

describe('carebridge roles', () => {
  let config: string;
  let list: string;

  beforeEach(async () => {
    config = await configFolder(CONFIG);
    list = join(dirname(config), 'roles.csv');
    await writeFile(list, 'user,role\n@lee:hospital.example,nurse\n@kim:hospital.example,auditor\n');
  });

  async function roles(...args: string[]) {
    const lines: string[] = [];
    const add = (line: string) => lines.push(line);
    const { signal } = new AbortController();
    const code = await runCli(['roles', ...args, '--config', config], { env: {}, signal, out: add, err: add });
    return { code, text: lines.join('\n') };
  }

  it('A4 import --dry-run shows the difference and changes nothing; import does it; list says it', async () => {
    const dry = await roles('import', list, '--dry-run');
    expect(dry.code, dry.text).to.equal(0);
    expect(dry.text).to.match(/^2 given, 0 taken, 0 as they are\.\n\+ @kim:hospital\.example auditor\n\+ @lee/);
    expect((await roles('list')).text).to.equal('user,role,source,since,by');
    const done = await roles('import', list, '--by', '@admin:hospital.example');
    expect(done.code, done.text).to.equal(0);
    const listed = (await roles('list')).text.split('\n').slice(1);
    expect(listed.map((line) => line.split(',').toSpliced(3, 1).join(' '))).to.deep.equal([
      '@kim:hospital.example auditor csv @admin:hospital.example',
      '@lee:hospital.example nurse csv @admin:hospital.example',
    ]);
    expect((await roles('import', list, '--dry-run')).text).to.include(
      'Nothing changes: 2 roles are as the list says.',
    );
    const today = new Date().toISOString().slice(0, 10);
    expect((await roles('list', '--at', today)).text.split('\n'), 'a day is its end').to.have.length(3);
    expect((await roles('list', '--at', '2020-01-01T00:00:00Z')).text).to.equal('user,role,source,since,by');
  });

  it('A4 names every problem with its line, and imports nothing', async () => {
    await writeFile(list, 'user,role\n@lee:hospital.example,king\nkim,nurse\n@a:elsewhere.example,nurse\n');
    const { code, text } = await roles('import', list, '--by', '@admin:hospital.example');
    expect(code).to.equal(1);
    expect(text).to.match(
      /^Nothing was imported:\nline 2: there is no such role.*\nline 3: .*\nline 4: .*not on this homeserver/,
    );
  });

  for (const [args, words] of [
    [[], /Say what to do/],
    [['import'], /Say what to do/],
    [['import', 'no-such-file.csv', '--dry-run'], /no-such-file\.csv cannot be read \(ENOENT\)/],
    [['list', '--at', 'yesterday'], /Write the time as 2026-03-31/],
  ] as const) {
    it(`roles ${args.join(' ')}: says what is wrong`, async () => {
      const { code, text } = await roles(...args);
      expect({ code, text }).to.have.property('code', 1);
      expect(text).to.match(words);
    });
  }

  it('asks who imports, for the audit log (A1)', async () => {
    expect((await roles('import', list)).text).to.match(/--by @you:server/);
  });

  it('is followed by a bridge that runs', async () => {
    await using storage = await openStorage(loadConfig(config, {}));
    expect(await storage.roles.current()).to.deep.equal([]);
    let changes = 0;
    const policy: PolicyInEffect = { current: () => Promise.reject(new Error()), invalidate: () => void changes++ };
    await using follow = new FollowCommandLine({
      ...storage,
      policy,
      log: silentLogger,
      lines: new Lines([]),
      accounts: new FakeAccounts(),
      roomKeys: undefined,
      recordConfigured: undefined,
    });
    await follow.runOnce();
    await roles('import', list, '--by', '@admin:hospital.example');
    expect(await storage.roles.current()).to.deep.equal([]);
    await follow.runOnce();
    expect(await storage.roles.current()).to.have.length(2);
    await follow.runOnce();
    expect(changes).to.equal(1);
  });
});
