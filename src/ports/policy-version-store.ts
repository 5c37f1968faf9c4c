/** One version of a policy document, e.g. the effective role table. Kept for ever; a new one ends the one before (F7). */
export interface PolicyVersion {
  /** Counts from 1 for each `subject`. */
  readonly version: number;
  readonly subject: string;
  /** Canonical JSON. PHI-free. */
  readonly content: string;
  /** SHA-256 of the content, hex. */
  readonly hash: string;
  /** Unix ms. */
  readonly since: number;
  readonly until: number | undefined;
}

/**
 * Which policy was in effect when. Subjects: `roles` (the configured roles and units), `phi-classes`, `consent-texts` (what patients are told),
 * `retention`.
 */
export interface PolicyVersionStore {
  /** Keeps `content` as the newest version, where it differs from the newest one; returns the version in effect. */
  keep(subject: string, content: string, now: number): Promise<PolicyVersion>;
  /** The version in effect at `at`, or undefined. */
  inEffect(subject: string, at: number): Promise<PolicyVersion | undefined>;
  history(subject: string): Promise<readonly PolicyVersion[]>;
}
