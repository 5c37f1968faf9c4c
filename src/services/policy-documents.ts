/** The policy as documents that are kept with their dates (F7): canonical JSON, free of PHI. */
import type { CarePolicy } from '../model/care-policy.ts';

/** The subject of the role table in `PolicyVersionStore`. */
export const ROLES_SUBJECT = 'roles';
/** The subject of what each class fixes. */
export const CLASSES_SUBJECT = 'phi-classes';

/** The configured roles and units. */
export function rolesDocument({ roles, units }: Pick<CarePolicy, 'roles' | 'units'>): string {
  return canonicalJson({ roles: [...roles.values()], units: [...units.values()] });
}

/** What each PHI class fixes. */
export function classesDocument({ classes }: Pick<CarePolicy, 'classes'>): string {
  return canonicalJson(classes);
}

/** Keys in order and sets as sorted lists, so that the same policy is always the same text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Set) return [...(inner as Set<string>)].sort();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
