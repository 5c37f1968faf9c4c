/** Where the homeserver is, and who we are there. */
import { optional, secret, section, setting } from '../setting.ts';
import { choice, duration, httpUrl, path, port, serverName, text, textLike } from '../value-types.ts';

const localpart = textLike('localpart', /^[a-z0-9._=/-]{1,100}$/, 'made of a-z, 0-9 and . _ = - / only');
const host = textLike('host', /^[A-Za-z0-9.:_-]{1,255}$/, 'an IP address or host name without a port');

/** The homeserver that is there already. */
export const homeserver = section('The Matrix homeserver you already run.', {
  url: setting(httpUrl, {
    question: 'Where does Carebridge reach its client-server API?',
    more: 'Bypass the reverse proxy if you can: http://127.0.0.1:8008 is the usual place on the same machine.',
    fallback: 'http://127.0.0.1:8008',
  }),
  domain: setting(serverName, {
    question: 'What is its server name, the part after the colon in user ids?',
    example: 'hospital.example',
  }),
});

/** What the homeserver knows of us. `carebridge register` writes it into the registration file. */
export const appservice = section(
  'Carebridge as the homeserver sees it.',
  {
    url: optional(httpUrl, {
      question: 'Where does the homeserver reach Carebridge?',
      example: 'http://127.0.0.1:9993',
      leftOut: 'http://127.0.0.1 with the port of appservice.listen',
    }),
    listen: section('What does Carebridge listen on for the homeserver?', {
      host: setting(host, {
        question: 'Which address of this machine?',
        more: '127.0.0.1 if the homeserver is on the same machine; nobody else needs to reach it.',
        fallback: '127.0.0.1',
      }),
      port: setting(port, { question: 'Which port?', fallback: '9993' }),
    }),
    registration: setting(path, {
      question: 'Where is the registration file?',
      more: '`carebridge register` writes it; the homeserver must be able to read it, or a copy of it.',
      fallback: 'registration.yaml',
    }),
    bot: setting(localpart, {
      question: 'What is the name of the bot, the user that opens rooms and answers commands?',
      fallback: 'carebridge',
    }),
    ghost_prefix: setting(localpart, {
      question: "What do the names of patients' Matrix users and of room aliases start with?",
      more: 'What follows is random and says nothing about the patient. Do not change it later.',
      fallback: 'carebridge_',
    }),
  },
  'After a change of url, bot or ghost_prefix: write the registration again, and restart the homeserver.',
);

/** What carriers and monitoring reach. */
export const http = section('What carriers and your monitoring reach.', {
  host: setting(host, {
    question: 'Which address does Carebridge listen on?',
    more: 'Carriers come through your reverse proxy, which passes on only /carriers/. /health, /ready and /metrics are here too.',
    fallback: '127.0.0.1',
  }),
  port: setting(port, { question: 'Which port?', fallback: '9994' }),
  public_url: optional(httpUrl, {
    question: 'At what address do carriers reach it?',
    more: 'It must start with https:// unless the carrier is on the same machine or a private network.',
    example: 'https://texts.hospital.example',
    leftOut: 'http://127.0.0.1 with the port of http.port, for a gateway on the same machine',
  }),
});

/** How room keys are kept and whom we believe. */
export const encryption = section('End-to-end encryption of the rooms.', {
  engine: setting(choice(['wasm', 'native']), {
    question: 'Which build of the Matrix crypto library?',
    more: 'A store belongs to one of them. native needs @matrix-org/matrix-sdk-crypto-nodejs, which docs/install.md leaves out.',
    fallback: 'wasm',
  }),
  store: setting(path, {
    question: 'In which folder are the keys of the bot and the ghosts kept?',
    more: 'Never put back an old copy once a newer one was in use: see docs/install.md.',
    fallback: 'crypto',
  }),
  passphrase: secret(textLike('text', /^.{16,}$/, 'a passphrase of 16 characters or more, on one line'), {
    question: 'What encrypts that folder?',
    made: { file: 'secrets/crypto.passphrase', encoding: 'base64', guards: 'crypto' },
    example: 'secrets/crypto.passphrase',
  }),
  trust: setting(choice(['cross-signed', 'cross-signed-or-legacy', 'any']), {
    question: "Which of the staff's devices are trusted?",
    more: `cross-signed: verified by their owner, as Element asks for; a text from another device is refused with the reason.
cross-signed-or-legacy: also those of owners who never set up verification. any: all. An unverified device has no proven owner.`,
    fallback: 'cross-signed',
  }),
  key_notice_after: setting(duration(), {
    question: 'How long may a message wait for its key before the room is told that it could not be read?',
    fallback: '60s',
  }),
  idle_ghost: setting(duration(), {
    question: "After how long without a message are a patient's keys dropped from memory?",
    more: 'They stay in the store. Lower takes less memory, higher less disk access.',
    fallback: '10m',
  }),
});

/** How rooms are made. */
export const rooms = section('New rooms.', {
  version: optional(text, {
    question: 'Which room version?',
    example: '"12"',
    leftOut: "the homeserver's own default",
  }),
});
