import { Nurse } from '../../src/cli/demo/nurse.ts';
import type { Synapse } from '../../src/cli/demo/synapse.ts';

export { Nurse } from '../../src/cli/demo/nurse.ts';
export type { ReceivedEvent } from '../../src/cli/demo/received-events.ts';

/** Registers a member of staff and logs in: the account's first device, cross-signed. */
export async function createNurse(homeserver: Pick<Synapse, 'url' | 'registerUser'>, name: string): Promise<Nurse> {
  return await Nurse.login(homeserver.url, await homeserver.registerUser(name));
}
