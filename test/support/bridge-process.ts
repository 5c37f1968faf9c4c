export { BridgeProcess, type BridgeOptions } from '../../src/cli/demo/bridge-process.ts';
