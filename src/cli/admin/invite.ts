import { describeChange, outcomeOf } from '../../services/act-on-account.ts';
import { InviteAdministrator } from '../../services/invite-administrator.ts';
import type { AdminPart } from './admin-part.ts';

/** `carebridge admin invite`: the bridge itself asks nobody in who left by themselves, or was banned. */
export const invite: AdminPart = {
  name: 'invite',
  words: [],
  summary: ['invites somebody with a role back into the command room and the security room; lifts a ban'],

  async run({ host, request }) {
    const control = await host.roomControl();
    const { policy, storage } = host;
    const change = await new InviteAdministrator({ ...storage, policy, control }).run(request.target);
    return { outcome: outcomeOf(change), text: describeChange(change) };
  },
};
