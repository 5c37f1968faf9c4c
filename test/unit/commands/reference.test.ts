import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { renderCommands } from '../../../src/commands/reference.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { newWorld, TestBridge } from '../../support/fakes/test-bridge.ts';
import { ROOT } from '../../support/source-files.ts';

describe('docs/commands.md', () => {
  it('says what the commands say: node src/commands/print-reference.ts', async () => {
    const { commands } = new TestBridge(await newWorld(memoryStorage()));
    const [, made] = (await readFile(join(ROOT, 'docs/commands.md'), 'utf8')).split('\n---\n\n');
    expect(made).to.equal(renderCommands(commands, '!care'));
  });
});
