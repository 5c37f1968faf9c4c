/** What each PHI class fixes, as far as a hospital may choose. */
import type { ClassRules } from '../../model/care-policy.ts';
import { BUILT_IN_CLASSES } from '../../model/built-in-classes.ts';
import { MAX_ROLE_POWER } from '../../model/role.ts';
import { section, setting, settingList } from '../setting.ts';
import { choice, flag, integer, serverName, text, userId } from '../value-types.ts';

const joining = (fallback: ClassRules['joining']) =>
  setting(choice(['invite', 'restricted']), {
    question: 'How do people join?',
    more: 'invite: by invitation. restricted: also on their own, if they are in the space of the room’s unit.',
    fallback,
  });

const invitePower = (fallback: number) =>
  setting(integer(0, MAX_ROLE_POWER), { question: 'What power level does inviting take?', fallback: String(fallback) });

const allowedBots = settingList(userId, {
  question: 'Which other bots may be members?',
  more: 'They read everything. Never in the command room and the security room.',
  isRequired: false,
  example: ['"@draupnir:hospital.example"'],
});

const servers = settingList(serverName, {
  question: 'Which other servers of yours may users come from?',
  more: 'None: only users of homeserver.domain.',
  isRequired: false,
  example: ['clinic.example'],
});

const verified = (fallback: boolean) =>
  setting(flag, { question: 'Are members with unverified devices reported?', fallback: String(fallback) });

const textOut = (fallback: boolean) =>
  setting(flag, { question: 'May a patient’s room of this class send texts?', fallback: String(fallback) });

const retention = (fallback: string) =>
  setting(text, {
    question: 'What is its retention class called?',
    more: 'Only shown by `phi show`: this version does not act on it, and no room is purged.',
    fallback,
  });

const marker = (fallback: string) =>
  setting(text, { question: 'What text marks the class for users?', more: 'It must hold no patient data.', fallback });

const { none, phi, sensitive } = BUILT_IN_CLASSES;

/** Not here, since they are not for choosing: no guests anywhere, encryption and history from joining only where there is PHI. */
export const phiClasses = section(
  'The rules for rooms of each PHI class. Guests are never let in; phi and sensitive are always encrypted.',
  {
    none: section('Rooms without patient data.', {
      history_visibility: setting(choice(['joined', 'invited', 'shared']), {
        question: 'How much of the history does a new member see?',
        fallback: none.historyVisibility,
      }),
      joining: joining(none.joining),
      federation: setting(choice(['open', 'own-server']), {
        question: 'May users of other servers be members?',
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
      'Rooms with specially protected data, e.g. psychotherapy. By invitation, only users of homeserver.domain, no other bots.',
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
