/** The policy as documents that are kept with their dates (F7): canonical JSON, free of PHI. */
import type { CarePolicy } from '../model/care-policy.ts';
import type { PolicyVersionStore } from '../ports/policy-version-store.ts';
import type { AutomaticTexts } from './send-automatic.ts';

/** The subject of the role table in `PolicyVersionStore`. */
export const ROLES_SUBJECT = 'roles';
/** The subject of what each class fixes. */
export const CLASSES_SUBJECT = 'phi-classes';
/** The subject of what patients are told. */
export const TEXTS_SUBJECT = 'consent-texts';
/** The subject of what is kept how long. */
export const RETENTION_SUBJECT = 'retention';

/** All documents that are kept. */
export const POLICY_SUBJECTS = [ROLES_SUBJECT, CLASSES_SUBJECT, TEXTS_SUBJECT, RETENTION_SUBJECT] as const;

/** The configured roles and units. */
export function rolesDocument({ roles, units }: Pick<CarePolicy, 'roles' | 'units'>): string {
  return canonicalJson({ roles: [...roles.values()], units: [...units.values()] });
}

/** What each PHI class fixes. */
export function classesDocument({ classes }: Pick<CarePolicy, 'classes'>): string {
  return canonicalJson(classes);
}

/** What else is kept with its dates. `wipeAfterMs`: how long message texts outlive their delivery; `keepParkedMs`: those that were given up. */
export interface TextsAndRetention {
  readonly wordingVersion: string;
  readonly texts: AutomaticTexts;
  readonly wipeAfterMs: number;
  readonly keepParkedMs: number;
}

/** At start: writes down what patients are told and what is kept how long, where it is other than before (F7). */
export async function keepTextsAndRetention(
  policyVersions: PolicyVersionStore,
  { wordingVersion, texts, wipeAfterMs, keepParkedMs }: TextsAndRetention,
  now: number,
): Promise<void> {
  await policyVersions.keep(TEXTS_SUBJECT, canonicalJson({ wordingVersion, texts }), now);
  await policyVersions.keep(RETENTION_SUBJECT, canonicalJson({ wipeAfterMs, keepParkedMs }), now);
}

/** Keys in order and sets as sorted lists, so that the same policy is always the same text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Set) return [...(inner as Set<string>)].sort();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
