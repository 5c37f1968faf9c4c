/** What monitoring and load balancers see of a running bridge. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTestClinic } from './support/test-clinic.ts';

const QUEUES = ['keywords', 'inbox', 'outbox', 'matrix-events', 'notices', 'archive'];

describe('health', function () {
  this.timeout(60_000);
  let clinic: Clinic;
  const get = (path: string): Promise<Response> => fetch(`${clinic.httpUrl}${path}`);
  const checks = async (): Promise<Record<string, string>> =>
    ((await (await get('/ready')).json()) as { checks: Record<string, string> }).checks;

  before(async function () {
    clinic = await startTestClinic(this);
  });

  after(async () => {
    await clinic?.close();
  });

  it('is healthy and ready', async () => {
    const health = await get('/health');
    expect([health.status, await health.json()]).to.deep.equal([200, { status: 'ok' }]);
    expect((await get('/ready')).status).to.equal(200);
    expect(await checks()).to.deep.equal({ database: 'ok', homeserver: 'ok', archive: 'ok' });
  });

  it('shows the depth of every queue, and nothing parked', async () => {
    const answer = await get('/metrics');
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.match(/^text\/plain/);
    const lines = (await answer.text()).split('\n');
    for (const queue of QUEUES) {
      for (const gauge of ['carebridge_queue_waiting', 'carebridge_queue_oldest_seconds']) {
        expect(
          lines.some((line) => line.startsWith(`${gauge}{queue="${queue}"}`)),
          `${gauge} of ${queue}`,
        ).to.equal(true);
      }
      expect(lines).to.include(`carebridge_queue_parked{queue="${queue}"} 0`);
    }
  });

  it('is healthy but not ready while the homeserver is away, and ready again after', async () => {
    await clinic.synapse.restart(async () => {
      await waitFor('it to notice', async () => (await get('/ready')).status === 503);
      expect((await checks())['homeserver']).not.to.equal('ok');
      expect((await checks())['database']).to.equal('ok');
      expect((await get('/health')).status).to.equal(200);
    });
    await clinic.bridge.waitUntilReady();
  });

  it('is not ready, and says why, where the homeserver does not reach it', async () => {
    const registration = join(clinic.directory, 'registration.yaml');
    const right = await readFile(registration, 'utf8');
    await clinic.bridge.stop();
    await writeFile(registration, right.replace(/^hs_token: .*/m, `hs_token: ${randomBytes(32).toString('hex')}`));
    await clinic.bridge.spawn();
    const said = (): Promise<string | undefined> =>
      checks().then(
        ({ homeserver }) => homeserver,
        () => undefined,
      );
    await waitFor('it to know', async () => (await said())?.includes('another hs_token'));
    await clinic.bridge.stop();
    await writeFile(registration, right);
    await clinic.bridge.start();
  });

  it('is not ready when it starts while the homeserver is away', async () => {
    await clinic.bridge.stop();
    await clinic.synapse.restart(async () => {
      await clinic.bridge.spawn();
      await waitFor('it to listen', () =>
        get('/health').then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      expect((await get('/ready')).status).to.equal(503);
    });
    await clinic.bridge.waitUntilReady();
  });
});
