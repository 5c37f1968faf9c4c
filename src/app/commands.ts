import { commandList } from '../commands/index.ts';
import { givenLostDevice } from '../commands/lost-device.ts';
import { CommandRunner } from '../commands/run-command.ts';
import type { Config } from '../config/config.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { AccountControl } from './accounts.ts';
import type { CommonParts } from './common-parts.ts';
import type { Governance } from './governance.ts';

/** Joins every command with the use cases that it needs. */
export function makeCommands(
  parts: CommonParts,
  governance: Governance,
  accounts: AccountControl,
  config: Config,
  storage: Storage,
): CommandRunner {
  const runner: CommandRunner = new CommandRunner({
    ...parts,
    confirmWithinMs: config.commands.confirmWithinMs,
    awayUntil: () => storage.awayUntil(),
    commandOfNotice: async (notice) => {
      const device = await storage.watchedDevices.ofNotice(notice);
      return device && givenLostDevice(device);
    },
    commands: commandList({
      ...parts,
      ...governance,
      ...accounts,
      decide: (...decision) => runner.decide(...decision),
    }),
  });
  return runner;
}
