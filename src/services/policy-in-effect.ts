import type { CarePolicy } from '../model/care-policy.ts';

/** The care policy as it is now, and the way to say that something it is made of has changed. */
export interface PolicyInEffect {
  current(): Promise<CarePolicy>;
  /** It is made anew when it is next asked for, and the rooms it is about are looked at. */
  invalidate(): void;
}
