import type { HomeserverFacts, HomeserverSetting, HomeserverSettings } from '../model/homeserver-settings.ts';
import { HOMESERVER_REQUIREMENTS, type HomeserverRequirement } from './homeserver-requirements.ts';

/** One line of the report (C1). */
export interface HomeserverFinding {
  readonly id: HomeserverSetting;
  /** A sentence that is true of a compliant server. */
  readonly what: string;
  /** `missing`: it is known not to be so. `unknown`: nobody said. */
  readonly status: 'ok' | 'missing' | 'unknown';
  /** Asked of the homeserver by us, or said by the operator; undefined where nobody said. What is declared is not verified. */
  readonly proof: 'verified' | 'declared' | undefined;
  /** Exact lines for the file that they name, or what to arrange; undefined where all is well. */
  readonly fix: string | undefined;
  /** Where nobody said: what the operator writes under `homeserver_declarations`, once it is so. */
  readonly declare?: string;
  /** Set where the operator declares otherwise than the homeserver says. */
  readonly contradicts?: true;
}

/** Judges what is known of the homeserver. What we saw for ourselves counts more than what is declared. */
export function checkHomeserver(
  facts: Pick<HomeserverFacts, 'accounts' | 'verified'>,
  declared: HomeserverSettings,
  domain: string,
): readonly HomeserverFinding[] {
  return HOMESERVER_REQUIREMENTS.filter(
    ({ accounts }) => accounts === undefined || facts.accounts === 'unknown' || facts.accounts === accounts,
  ).map((requirement) => judge(requirement, facts.verified, declared, domain));
}

function judge(
  { setting: id, what, fix, declare, ...requirement }: HomeserverRequirement,
  verified: HomeserverSettings,
  declared: HomeserverSettings,
  domain: string,
): HomeserverFinding {
  // Every value that follows is of this one setting, which is what its `isMet` takes.
  const isMet = requirement.isMet as (value: unknown) => boolean;
  const seen = verified[id];
  const said = declared[id];
  const value = seen ?? said;
  if (value === undefined) return { id, what, status: 'unknown', proof: undefined, fix: fix(domain), declare };
  const isOk = isMet(value);
  return {
    id,
    what,
    status: isOk ? 'ok' : 'missing',
    proof: seen === undefined ? 'declared' : 'verified',
    fix: isOk ? undefined : fix(domain),
    ...(seen !== undefined && said !== undefined && isMet(said) !== isOk && { contradicts: true as const }),
  };
}
