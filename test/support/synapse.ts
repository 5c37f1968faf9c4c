export { startSynapse, type Account, type Synapse, type SynapseOptions } from '../../src/cli/demo/synapse.ts';
