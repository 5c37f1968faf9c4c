/** Prints the second part of docs/commands.md: `node src/commands/print-reference.ts`. */
import { commandList, type CommandParts } from './index.ts';
import { renderCommands } from './reference.ts';

/** Commands use their parts only when they are run: here anything does. */
const nothing: unknown = new Proxy(() => undefined, {
  get: (_target, name) => (name === 'prefix' ? '!care' : nothing),
});

process.stdout.write(renderCommands(commandList(nothing as CommandParts), '!care'));
