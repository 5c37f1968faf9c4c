/** What differs between room versions as far as policy looks (Matrix specification, rooms; MSC4289 for 12). */

const KNOWN = new Set(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);

/** True for a version whose rules are known. */
export function isKnownVersion(version: string): boolean {
  return KNOWN.has(version);
}

/** True for the versions that the bridge is tested with. */
export function isTestedVersion(version: string): boolean {
  return isKnownVersion(version) && Number(version) >= 9;
}

/** True where members of a space can be let join by themselves. */
export function hasRestrictedJoin(version: string): boolean {
  return isTestedVersion(version);
}
