/** Prints the sample configuration: `node src/config/print-sample.ts > config/config.sample.yaml`. */
import { renderSample } from './sample.ts';

process.stdout.write(renderSample());
