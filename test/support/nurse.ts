export { createNurse, Nurse, type Wanted } from '../../src/cli/demo/nurse.ts';
export type { ReceivedEvent, Shield } from '../../src/cli/demo/received-events.ts';
