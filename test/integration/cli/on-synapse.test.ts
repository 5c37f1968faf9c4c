/** The verbs on a real homeserver, beside a bridge that runs and one that does not. */
import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startClinic, type Clinic } from '../../../src/cli/demo/clinic.ts';
import { runCli } from '../../../src/cli/index.ts';
import { skip } from '../../support/skip.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { whyNoSynapse } from '../matrix/bridge-on-synapse.ts';

describe('carebridge on a real Synapse', function () {
  this.timeout(120_000);
  let clinic: Clinic;

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) skip(this, reason);
    clinic = await startClinic({ directory: await tempDir('cli'), accountControl: true, startBridge: false });
  });

  after(() => clinic?.close());

  async function run(...args: string[]) {
    const lines: string[] = [];
    const { signal } = new AbortController();
    const add = (line: string) => lines.push(line);
    const code = await runCli([...args, '--config', clinic.configPath], { env: {}, signal, out: add, err: add });
    return { code, text: lines.join('\n') };
  }

  it('doctor is content before the first start', async () => {
    const { code, text } = await run('doctor');
    expect(text).not.to.match(/^(FAIL|warn)/m);
    expect(code).to.equal(0);
    expect(text).to.match(/^ok {4}control accounts .* possible \(native\)/m);
    expect(text).to.include('answered by a listener of ours').and.to.include('the first start makes it');
  });

  it('doctor is content beside a running bridge', async () => {
    await clinic.bridge.start();
    const { code, text } = await run('doctor');
    expect(text).not.to.match(/^(FAIL|warn)/m);
    expect(code).to.equal(0);
    expect(text).to.include('answered by what is running there').and.to.include('the running Carebridge has it open');
    expect(text).to.match(/compare the bot's keys with those on the homeserver {2}-> the same \(device CB/);
  });

  it('reset-crypto does nothing without --yes, nor under a running bridge', async () => {
    const asked = await run('reset-crypto');
    expect(asked.code).to.equal(1);
    expect(asked.text).to.include('carebridge reset-crypto --yes').and.to.include('never be read');
    const refused = await run('reset-crypto', '--yes');
    expect(refused.code).to.equal(1);
    expect(refused.text).to.include('another Carebridge is running');
    expect((await run('doctor')).text).to.match(/compare the bot's keys .* the same/);
  });

  it('a lost crypto store is found by doctor, keeps the bridge from starting, and is mended by reset-crypto', async () => {
    await clinic.bridge.stop();
    await rm(join(clinic.directory, 'crypto'), { recursive: true });
    const found = await run('doctor');
    expect(found.code).to.equal(1);
    expect(found.text).to.match(/^FAIL {2}open the crypto store .*is gone/m);
    expect(await run('start')).to.have.property('code', 1);

    const reset = await run('reset-crypto', '--yes');
    expect(reset.code, reset.text).to.equal(0);
    expect(reset.text).to.match(/Deleted \d+ devices? on the homeserver/);
    await clinic.bridge.start();
    const { code, text } = await run('doctor');
    expect(text).to.match(/compare the bot's keys .* the same/);
    expect(code).to.equal(0);
  });

  it('doctor finds a homeserver that did not load the registration', async () => {
    await clinic.bridge.stop();
    await rm(join(clinic.directory, 'registration.yaml'));
    expect(await run('register')).to.have.property('code', 0);
    const { code, text } = await run('doctor');
    expect(code).to.equal(1);
    expect(text).to.match(/^FAIL {2}log in with the as_token .*M_UNKNOWN_TOKEN/m);
    expect(text).to.match(/^FAIL {2}have the homeserver ping us .*as_token/m);
  });
});
