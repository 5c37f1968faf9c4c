import { PermanentError } from '../../../src/errors.ts';
import type { Namespace } from '../../../src/model/namespace.ts';
import { BreakGlass, type BreakGlassParts } from '../../../src/services/break-glass.ts';
import { CheckPolicy } from '../../../src/services/check-policy.ts';
import { EndBreakGlass } from '../../../src/services/end-break-glass.ts';
import type { Notifier } from '../../../src/services/notifier.ts';
import { SetUp } from '../../../src/services/set-up.ts';
import { TellSecurity } from '../../../src/services/tell-security.ts';
import type { SettingsStore } from '../../../src/ports/settings-store.ts';

type Parts = Omit<BreakGlassParts, 'control' | 'security' | 'ending' | 'limits' | 'unavailable'> & {
  readonly notifier: Notifier;
  readonly settings: SettingsStore;
  readonly namespace: Namespace;
  readonly prefix: string;
};

/** Break-glass, policy check and setup of a bridge that is in no governed room and whose homeserver tells nothing. */
export function emergencyServices(parts: Parts) {
  const nowhere = async () => Promise.reject(new PermanentError('The bot is not in the room.'));
  const control = { snapshot: nowhere, refresh: nowhere, apply: nowhere };
  const common = { ...parts, control, security: new TellSecurity(parts) };
  const endBreakGlass = new EndBreakGlass(common);
  const { domain } = parts.namespace;
  const empty = { carriers: [], lines: [], roles: [], units: [] };
  return {
    endBreakGlass,
    breakGlass: new BreakGlass({
      ...common,
      ending: endBreakGlass,
      limits: { defaultMs: 3_600_000, maxMs: 14_400_000 },
      unavailable: async () => [],
    }),
    checkPolicy: new CheckPolicy({
      domain,
      prefix: parts.prefix,
      declared: {},
      probe: { probe: async () => ({ accounts: 'unknown', software: undefined, verified: {}, problems: [] }) },
    }),
    setUp: new SetUp({
      ...parts,
      facts: async () => ({
        prefix: parts.prefix,
        domain,
        configFile: 'config.yaml',
        securityRoom: undefined,
        ...empty,
        commandRoom: { problem: undefined, joined: new Set() },
      }),
      act: async () => 'Done.',
      report: async () => 'The report.',
    }),
  };
}
