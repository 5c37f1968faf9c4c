import { once } from 'node:events';
import { UserError } from '../errors.ts';
import type { Verb, VerbInput } from './verb.ts';
import type { Clinic } from './demo/clinic.ts';

/** `carebridge demo`: the main job on this machine, with a real homeserver, a real client and a simulated carrier. */
export const demo: Verb = {
  details:
    'Needs the development packages and Synapse: use `npm run demo`, which installs them. Stays up; with --once it ends after the story.',
  options: { once: { type: 'boolean' } },
  async run(input) {
    try {
      return await play(input);
    } catch (error) {
      // Everybody in the demo is invented, so what went wrong may be shown.
      throw new UserError(`demo: failed\n${error instanceof Error ? error.message : String(error)}`);
    }
  },
};

async function play({ options, signal, out }: VerbInput): Promise<number> {
  // Loaded here, since the bridge itself needs none of it.
  const { startClinic } = await import('./demo/clinic.ts');
  const { playStory } = await import('./demo/story.ts');
  out('Starting a homeserver (Synapse), a simulated carrier and the bridge ...');
  await using clinic = await startClinic({
    accountControl: true,
    config: {
      units: [{ id: 'icu', name: 'Intensive care' }],
      roles: [
        {
          id: 'icu-nurse',
          name: 'ICU nurse',
          permissions: ['use-commands', 'break-glass'],
          units: ['icu'],
          classes: ['none', 'phi'],
        },
      ],
    },
  });
  out('Logging staff in, with clients that refuse unsigned devices ...');
  await playStory(clinic, out);
  out('\ndemo: ok');
  if (options['once'] === true || signal.aborted) return 0;
  for (const line of invitation(clinic)) out(line);
  await once(signal, 'abort');
  out('\nStopping ...');
  return 0;
}

/** How to go on by hand. */
function invitation(clinic: Clinic): readonly string[] {
  const password = (localpart: string) => clinic.accounts.get(localpart)?.password ?? '';
  return [
    '',
    'It stays up. Now you:',
    `  The patients' phones:  ${clinic.carrier.url}/`,
    `  Element (desktop, or a web version on this machine): homeserver ${clinic.synapse.url}`,
    `    user nurse, password ${password('nurse')}   (texts with patients)`,
    `    user admin, password ${password('admin')}   (also: !care help, !care policy check, !care devices @nurse:${clinic.synapse.domain})`,
    '    In the room "Carebridge commands" type: !care text +1 212 555 0125 Ana Silva',
    '    A new login is not verified: set up a new identity when Element asks (Reset), or your messages are refused.',
    `  Health and metrics:    ${clinic.httpUrl}/ready  ${clinic.httpUrl}/metrics`,
    `  The bridge's log:      ${clinic.directory}/bridge.log`,
    'Press Ctrl+C to end it; everything it made is removed.',
  ];
}
