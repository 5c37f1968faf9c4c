export { waitFor, waitForEvent, type WaitOptions } from '../../src/cli/demo/wait-for.ts';
