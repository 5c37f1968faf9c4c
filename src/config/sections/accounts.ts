/** How sessions are ended and accounts locked. */
import { optional, secret, section, setting, settingList } from '../setting.ts';
import { choice, duration, httpUrl, text, textLike, userId } from '../value-types.ts';

const token = textLike('token', /^[\x21-\x7e]{8,2000}$/, 'a token, without spaces');

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** The account service. */
export const accounts = section('How sessions are ended and accounts are locked.', {
  adapter: setting(choice(['auto', 'native', 'mas', 'moderation']), {
    question: 'Who owns the accounts?',
    more: `auto: as the homeserver says. native: Synapse with its own passwords. mas: Matrix Authentication Service.
moderation: only the standard's lock and suspend. An adapter that does not fit the homeserver refuses to work.`,
    fallback: 'auto',
  }),
  admin_token: secret(token, {
    question: 'Which access token may use Synapse’s admin API?',
    leftOut: 'the appservice’s own, if its sender is an administrator; under MAS, Carebridge makes one',
    example: 'secrets/synapse-admin.token',
  }),
  mas_url: optional(httpUrl, {
    question: 'Where is Matrix Authentication Service?',
    example: 'http://127.0.0.1:8080',
    leftOut: 'not used',
  }),
  mas_client_id: optional(textLike('client id', /^[0-9A-Za-z_-]{1,100}$/, 'the client’s ULID'), {
    question: 'Which client of MAS, with a place in policy.data.admin_clients?',
    example: '01J00000000000000000000000',
    leftOut: 'not used',
  }),
  mas_client_secret: secret(text, {
    question: 'What is its secret?',
    leftOut: 'not used',
    example: 'secrets/mas-client.secret',
  }),
  mas_admin_user: optional(userId, {
    question: 'Under MAS, which account is used to call the admin API of Synapse?',
    example: '"@carebridge-admin:hospital.example"',
    leftOut: 'none; under MAS, admin_token is then needed',
  }),
  protected: settingList(userId, {
    question: 'Which accounts are never touched by a command?',
    more: 'In addition to the bot, the sender, mas_admin_user and the account of admin_token. Acting on an administrator takes two people; the last one is never touched.',
    isRequired: false,
    example: ['"@break-glass:hospital.example"'],
  }),
  watch_every: setting(duration(DAY_MS, 1_000), {
    question: 'How often are the devices of everybody who may see PHI checked?',
    more: 'One request to the homeserver per person. A new device is reported within seconds in any case.',
    fallback: '5m',
  }),
  watch_verify_within: setting(duration(YEAR_MS, 1_000), {
    question: 'How long do people have to verify a new device before the security room is told?',
    fallback: '1h',
  }),
  watch_unused: setting(duration(10 * YEAR_MS, 1_000), {
    question: 'After how long without use is a device reported to the security room?',
    more: 'When an unused session is ended is set by idle_logoff of each role.',
    fallback: '90d',
  }),
});
