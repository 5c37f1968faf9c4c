/** The settings of each kind of carrier. A new carrier is one entry here. */
import { optional, secret, section, setting, type Variants } from '../setting.ts';
import { httpUrl, text, textLike } from '../value-types.ts';

const sharedSecret = textLike(
  'text',
  /^[A-Za-z0-9_-]{16,}$/,
  '16 or more letters, digits, - and _ (it is part of an address)',
);

const kannel = section('A Kannel gateway. docs/carriers.md has its side of the configuration.', {
  url: setting(httpUrl, {
    question: "Where is smsbox's sendsms address?",
    fallback: 'http://127.0.0.1:13013/cgi-bin/sendsms',
  }),
  username: setting(text, { question: 'Which user of the sendsms-user group?', fallback: 'carebridge' }),
  password: secret(text, { question: 'With which password?', example: 'secrets/kannel.password' }),
  smsc: optional(text, {
    question: 'Through which smsc-id are texts sent?',
    example: 'smpp1',
    leftOut: 'Kannel chooses',
  }),
  webhook_secret: secret(sharedSecret, {
    question: 'Which secret is in the address that Kannel calls?',
    more: 'Kannel signs nothing, so whoever knows the address is trusted: <public_url>/carriers/<name>/<secret>/mo',
    made: { file: 'secrets/*-webhook.secret', encoding: 'base64url' },
    example: 'secrets/kannel-webhook.secret',
  }),
  status_url: optional(httpUrl, {
    question: "Where is bearerbox's admin port, so that `carebridge doctor` can see whether the network is connected?",
    example: 'http://127.0.0.1:13000',
    leftOut: 'not asked',
  }),
  status_password: secret(text, {
    question: 'What is its status-password?',
    leftOut: 'not asked',
    example: 'secrets/kannel-status.password',
  }),
});

const loopback = section("The simulated carrier, for trying things out: its page shows patients' phones.", {
  url: setting(httpUrl, { question: 'Where is it?', example: 'http://127.0.0.1:9995' }),
  secret: secret(sharedSecret, {
    question: 'Which secret signs requests both ways?',
    made: { file: 'secrets/*.secret', encoding: 'base64url' },
    example: 'secrets/loopback.secret',
  }),
});

/** Carriers by the name that lines refer to. */
export const carriers = {
  kind: 'variants',
  question: 'Who carries texts? Each under a name of your choice, made of a-z, 0-9 and -.',
  kinds: { kannel, loopback },
} as const satisfies Variants<{ kannel: typeof kannel; loopback: typeof loopback }>;
