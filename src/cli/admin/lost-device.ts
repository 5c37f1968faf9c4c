import type { DeviceLabel } from '../../model/device-label.ts';
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
    // Compared with the labels that there are, and with nothing else.
    const [device] = words as readonly DeviceLabel[];
    const isAll = words[0] === 'all';
    // Whether they would read it in the command room is not known here: whoever is on the host tells them.
    const tellOwner = { tell: async () => false };
    const lost = new LostDevice({ ...host.accountParts(), tellOwner });
    const { outcome, text } = await lost.run(request, isAll ? undefined : device);
    const what = isAll ? `Every session of ${target}` : `Device ${device} of ${target}`;
    const head = outcome === 'done' ? `${what} is signed out.` : `${what} may still be signed in.`;
    return { outcome, text: `${head}\n${text}\nTo keep them out as well: carebridge admin lock ${target}` };
  },
};
