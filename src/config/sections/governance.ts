/** How rooms are kept as the policy wants them, and what the operator states of the homeserver. */
import { optional, section, setting } from '../setting.ts';
import { choice, duration, durationOrNever, flag, integer } from '../value-types.ts';

/** The reconciler. */
export const governance = section('How the policy is kept in rooms.', {
  dry_run: setting(flag, {
    question: 'Is what would be changed only reported?',
    more: 'true for a first look at rooms that people made.',
    fallback: 'false',
  }),
  marker: setting(choice(['topic', 'name', 'none']), {
    question: 'Where do people see a room’s PHI class?',
    fallback: 'topic',
  }),
  sweep_interval: setting(duration(), {
    question: 'How often are all rooms looked at, beside at each change?',
    more: 'Costs the homeserver nothing at rest.',
    fallback: '10m',
  }),
  war_repairs: setting(integer(2, 1_000), {
    question: 'How many times is the same thing put right in a room before somebody else is presumed to undo it?',
    more: 'Then it is reported and left alone for a while.',
    fallback: '5',
  }),
  war_window: setting(duration(), { question: 'Within which time?', fallback: '10m' }),
  war_pause: setting(duration(), { question: 'For how long is it left alone?', fallback: '1h' }),
});

/** Emergency access. */
export const breakGlass = section('How long somebody who enters a room in an emergency may stay (`break-glass`).', {
  default: setting(duration(), { question: 'Unless --for says otherwise?', fallback: '1h' }),
  max: setting(duration(), { question: 'At most?', fallback: '4h' }),
});

const span = (question: string, name: string, example: string) =>
  optional(durationOrNever, {
    question,
    more: `${name}. never, where it is not set there.`,
    example,
    leftOut: 'not known',
  });

const yesNo = (question: string, example: string) => optional(flag, { question, example, leftOut: 'not known' });

/** What nobody can ask a homeserver. */
export const homeserverDeclarations = section(
  'What you state of the homeserver’s set-up, where Carebridge cannot ask. `policy check` shows it as declared, not verified.',
  {
    registration: optional(choice(['off', 'token', 'open']), {
      question: 'May anybody make an account?',
      example: 'off',
      leftOut: 'asked of the homeserver',
    }),
    guest_access: yesNo('May somebody use the server without an account?', 'false'),
    inactive_session: span(
      'After how long without use does a session end?',
      'MAS: experimental.inactive_session_expiration.ttl',
      '12h',
    ),
    session_lifetime: span('How long after its log-in does a session end?', 'Synapse: session_lifetime', '7d'),
    delete_stale_devices_after: span(
      'After how long without use is a device deleted?',
      'Synapse: delete_stale_devices_after',
      '30d',
    ),
    refreshable_access_token_lifetime: span(
      'How long is an access token good for that can be refreshed?',
      'Synapse: refreshable_access_token_lifetime; MAS has 5m',
      '5m',
    ),
    retention: yesNo('Does the server carry out retention (retention.enabled)?', 'true'),
    encryption_by_default: optional(choice(['off', 'invite', 'all']), {
      question: 'Which new rooms are encrypted by themselves (encryption_enabled_by_default_for_room_type)?',
      example: 'all',
      leftOut: 'not known',
    }),
    room_directory: yesNo('May rooms be published in the server’s directory?', 'false'),
    federation: optional(choice(['off', 'listed', 'open']), {
      question: 'With which other servers does it talk?',
      more: 'listed: those that federation_domain_whitelist names.',
      example: 'off',
      leftOut: 'not known',
    }),
    tls: yesNo('Do clients reach the server by https?', 'true'),
    limit_profile_requests: yesNo('Are profiles shown only to those who share a room?', 'true'),
    url_previews: yesNo('Does the server fetch the pages that links lead to?', 'false'),
    admin_mfa: yesNo('Must administrators sign in with a second factor?', 'true'),
    encryption_at_rest: yesNo('Are the server’s disks and back-ups encrypted?', 'true'),
    app_pin: yesNo('Must phones lock themselves, or the app ask for a PIN (MDM)?', 'true'),
    key_backup: yesNo('Must staff keep a recovery key?', 'true'),
  },
);
