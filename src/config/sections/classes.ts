/** What each PHI class fixes, as far as a hospital may choose. */
import type { ClassRules } from '../../model/care-policy.ts';
import { BUILT_IN_CLASSES } from '../../model/built-in-classes.ts';
import { MAX_ROLE_POWER } from '../../model/role.ts';
import { section, setting, settingList } from '../setting.ts';
import { choice, flag, integer, serverName, text, userId } from '../value-types.ts';

const joining = (fallback: ClassRules['joining']) =>
  setting(choice(['invite', 'restricted']), {
    question: 'How do people come in?',
    more: 'invite: by invitation. restricted: also by themselves, where they are in the space of the room’s unit.',
    fallback,
  });

const invitePower = (fallback: number) =>
  setting(integer(0, MAX_ROLE_POWER), { question: 'Which power does it take to invite?', fallback: String(fallback) });

const allowedBots = settingList(userId, {
  question: 'Which other bots may be in?',
  more: 'They read everything. Never in the command room and the security room.',
  isRequired: false,
  example: ['"@draupnir:hospital.example"'],
});

const servers = settingList(serverName, {
  question: 'Users of which other servers of yours may be in?',
  more: 'None: users of homeserver.domain alone.',
  isRequired: false,
  example: ['clinic.example'],
});

const verified = (fallback: boolean) =>
  setting(flag, { question: 'Are members reported whose devices are not verified?', fallback: String(fallback) });

const textOut = (fallback: boolean) =>
  setting(flag, { question: 'May a patient’s room of this class send texts?', fallback: String(fallback) });

const retention = (fallback: string) =>
  setting(text, { question: 'Which row of the retention table holds?', fallback });

const marker = (fallback: string) =>
  setting(text, { question: 'Which words show the class to people?', more: 'No patient data.', fallback });

const { none, phi, sensitive } = BUILT_IN_CLASSES;

/** Not here, since they are not for choosing: no guests anywhere, encryption and history from joining only where there is PHI. */
export const phiClasses = section(
  'What holds in rooms of each PHI class. Guests are never let in; phi and sensitive are always encrypted.',
  {
    none: section('Rooms without patient data.', {
      history_visibility: setting(choice(['joined', 'invited', 'shared']), {
        question: 'From when on does a new member see the history?',
        fallback: none.historyVisibility,
      }),
      joining: joining(none.joining),
      federation: setting(choice(['open', 'own-server']), {
        question: 'May users of other servers be in?',
        fallback: 'open',
      }),
      invite_power: invitePower(none.invitePower),
      allowed_bots: allowedBots,
      retention: retention(none.retentionClass),
      marker: marker(none.marker.text),
    }),
    phi: section('Rooms with patient data: every patient’s room is one.', {
      joining: joining(phi.joining),
      servers,
      invite_power: invitePower(phi.invitePower),
      allowed_bots: allowedBots,
      verified_devices: verified(phi.areVerifiedDevicesRequired),
      text_out: textOut(phi.mayTextOut),
      retention: retention(phi.retentionClass),
      marker: marker(phi.marker.text),
    }),
    sensitive: section(
      'Rooms with specially protected data, e.g. psychotherapy. By invitation, of homeserver.domain alone; no other bots.',
      {
        invite_power: invitePower(sensitive.invitePower),
        verified_devices: verified(sensitive.areVerifiedDevicesRequired),
        text_out: textOut(sensitive.mayTextOut),
        retention: retention(sensitive.retentionClass),
        marker: marker(sensitive.marker.text),
      },
    ),
  },
);
