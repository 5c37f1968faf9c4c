export { startSynapse, type Account, type Synapse } from '../../src/cli/demo/synapse.ts';
