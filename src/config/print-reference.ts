/** Prints the table of docs/configuration.md: `node src/config/print-reference.ts`. */
import { renderReference } from './reference.ts';

process.stdout.write(renderReference());
