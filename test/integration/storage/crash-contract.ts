/** What is left after the worst. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { openStorage } from '../../../src/storage/open-storage.ts';
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
}
