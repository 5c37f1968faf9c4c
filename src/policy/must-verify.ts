import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import { PHI_CLASSES } from '../model/phi-class.ts';

/** Who may be in rooms of a class that requires verified devices: by role, or in an emergency. Nobody else stays in one. */
export function mustVerify(policy: CarePolicy): readonly UserId[] {
  const { assigned, classes, emergencies } = policy;
  const strict = PHI_CLASSES.filter((phiClass) => classes[phiClass].areVerifiedDevicesRequired);
  if (strict.length === 0) return [];
  const byRole = [...assigned].filter(([, roles]) => roles.some((role) => strict.some((one) => role.classes.has(one))));
  return [...new Set([...byRole.map(([user]) => user), ...[...emergencies.values()].flatMap((users) => [...users])])];
}
