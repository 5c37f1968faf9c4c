import { LostDevice } from '../../services/lost-device.ts';
import type { AdminPart } from './admin-part.ts';

/** `carebridge admin lost-device`: where the command room cannot be used. */
export const lostDevice: AdminPart = {
  name: 'lost-device',
  words: ['DEVICE|all'],
  summary: [
    'ends the session of a device, or every session; a wrong device is refused with the list of those there are',
  ],

  async run({ host, request, words }) {
    const { target } = request;
    const [device] = words;
    // Whether they would read it in the command room is not known here: whoever is on the host tells them.
    const tellOwner = { tell: async () => false };
    const lost = new LostDevice({ ...host.accountParts(), tellOwner });
    const { outcome, text } = await lost.run(request, device === 'all' ? undefined : device);
    const what = device === 'all' ? `Every session of ${target}` : `Device ${device} of ${target}`;
    const head = outcome === 'done' ? `${what} is signed out.` : `${what} may still be signed in.`;
    return { outcome, text: `${head}\n${text}\nTo keep them out as well: carebridge admin lock ${target}` };
  },
};
