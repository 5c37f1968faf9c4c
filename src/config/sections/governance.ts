/** How rooms are kept as the policy wants them, and what the operator states of the homeserver. */
import { optional, section, setting } from '../setting.ts';
import { choice, duration, durationOrNever, flag, integer, interval } from '../value-types.ts';

/** The reconciler. */
export const governance = section('How the policy is kept in rooms.', {
  dry_run: setting(flag, {
    question: 'Only report changes, without making them?',
    more: 'true for a first look at rooms that people made.',
    fallback: 'false',
  }),
  marker: setting(choice(['topic', 'name', 'none']), {
    question: 'Where do people see a room’s PHI class?',
    fallback: 'topic',
  }),
  sweep_interval: setting(interval, {
    question: 'How often are all rooms checked, in addition to on every change?',
    more: 'Costs the homeserver nothing while nothing changes.',
    fallback: '10m',
  }),
  war_repairs: setting(integer(2, 1_000), {
    question: 'After how many repairs of the same setting is it treated as a conflict with another bot or person?',
    more: 'It is then reported and left alone for a while.',
    fallback: '5',
  }),
  war_window: setting(interval, { question: 'Within what time?', fallback: '10m' }),
  war_pause: setting(interval, { question: 'How long is it then left alone?', fallback: '1h' }),
});

/** Emergency access. */
export const breakGlass = section('How long somebody who enters a room in an emergency may stay (`break-glass`).', {
  default: setting(duration(), { question: 'How long, unless --for says otherwise?', fallback: '1h' }),
  max: setting(duration(), { question: 'How long at most?', fallback: '4h' }),
});

const span = (question: string, name: string, example: string) =>
  optional(durationOrNever, {
    question,
    more: `${name}. Write never if it is not set there.`,
    example,
    leftOut: 'not known',
  });

const yesNo = (question: string, example: string) => optional(flag, { question, example, leftOut: 'not known' });

/** What nobody can ask a homeserver. */
export const homeserverDeclarations = section(
  'What you state about the homeserver’s configuration, where Carebridge cannot ask. `policy check` shows it as declared, not verified.',
  {
    registration: optional(choice(['off', 'token', 'open']), {
      question: 'Who may create an account?',
      example: 'off',
      leftOut: 'the homeserver is asked',
    }),
    guest_access: yesNo('May somebody use the server without an account?', 'false'),
    inactive_session: span(
      'After how long without use does a session end?',
      'MAS: experimental.inactive_session_expiration.ttl',
      '12h',
    ),
    session_lifetime: span('How long after login does a session end?', 'Synapse: session_lifetime', '7d'),
    delete_stale_devices_after: span(
      'After how long without use is a device deleted?',
      'Synapse: delete_stale_devices_after',
      '30d',
    ),
    refreshable_access_token_lifetime: span(
      'How long is a refreshable access token valid?',
      'Synapse: refreshable_access_token_lifetime; MAS has 5m',
      '5m',
    ),
    retention: yesNo('Does the server carry out retention (retention.enabled)?', 'true'),
    encryption_by_default: optional(choice(['off', 'invite', 'all']), {
      question: 'Which new rooms are encrypted by default (encryption_enabled_by_default_for_room_type)?',
      example: 'all',
      leftOut: 'not known',
    }),
    room_directory: yesNo('May rooms be published in the server’s directory?', 'false'),
    federation: optional(choice(['off', 'listed', 'open']), {
      question: 'Which other servers does it talk to?',
      more: 'listed: those that federation_domain_whitelist names.',
      example: 'off',
      leftOut: 'not known',
    }),
    tls: yesNo('Do clients reach the server by https?', 'true'),
    limit_profile_requests: yesNo('Are profiles shown only to those who share a room?', 'true'),
    url_previews: yesNo('Does the server fetch the pages that links lead to?', 'false'),
    admin_mfa: yesNo('Must administrators sign in with a second factor?', 'true'),
    encryption_at_rest: yesNo('Are the server’s disks and backups encrypted?', 'true'),
    app_pin: yesNo('Must phones lock themselves, or the app ask for a PIN (MDM)?', 'true'),
    key_backup: yesNo('Must staff keep a recovery key?', 'true'),
  },
);
