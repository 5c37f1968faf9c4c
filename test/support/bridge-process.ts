export { BridgeProcess } from '../../src/cli/demo/bridge-process.ts';
