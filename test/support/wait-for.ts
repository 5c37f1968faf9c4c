export { waitFor } from '../../src/cli/demo/wait-for.ts';
