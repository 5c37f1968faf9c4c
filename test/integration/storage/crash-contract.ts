/** What is left after the worst. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { inboxRow } from './builders.ts';
import { openAndTell } from './open-and-tell.ts';
import { configToJson, type StorageBench } from './storage-bench.ts';

const ACKNOWLEDGED = 60;

/** Defines the tests on `bench`. */
export function crashContract(bench: StorageBench): void {
  it('has every text that was acknowledged before the process was killed', async function () {
    this.timeout(60_000);
    const config = await bench.newConfig();
    const script = join(import.meta.dirname, 'add-until-killed.ts');
    const child = spawn(process.execPath, [script, configToJson(config)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const acknowledged: string[] = [];
    for await (const id of createInterface(child.stdout)) {
      if (acknowledged.push(id) === ACKNOWLEDGED) child.kill('SIGKILL');
    }
    await ended;
    const storage = await openStorage(config);
    await storage.close();
    const stored = await bench.sql(config, 'SELECT id FROM inbox');
    expect(acknowledged.length).to.be.at.least(ACKNOWLEDGED);
    expect(stored).to.include.members(acknowledged);
  });

  it('has told of what cannot be decrypted exactly once, wherever the process that gave it up was killed', async function () {
    this.timeout(60_000);
    const script = join(import.meta.dirname, 'give-up-until-killed.ts');
    for (const dieAt of ['before', 'after', 'end']) {
      const config = await bench.newConfig();
      const before = await openStorage(config);
      await before.inbox.add(inboxRow(), Date.now());
      await before.close();
      await bench.sql(config, "UPDATE inbox SET content = 'v1.AAAA'");
      const child = spawn(process.execPath, [script, configToJson(config), dieAt], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      expect(await once(child, 'exit'), dieAt).to.deep.equal([null, 'SIGKILL']);
      for (const _process of ['next', 'one after']) {
        await using storage = await openAndTell(config);
        await storage.inbox.deliveries.due(Date.now(), new Set(), 1);
        expect(await storage.parked.inbox.count(), dieAt).to.equal(1);
        expect(await storage.notices.due(Date.now(), new Set(), 9), dieAt).to.have.length(1);
      }
    }
  });
}
