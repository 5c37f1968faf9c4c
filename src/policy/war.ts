import type { UserId } from '../model/ids.ts';

/** When putting the same thing right again and again is called a war, and what follows. */
export interface WarLimits {
  /** As many repairs of the same thing within the window are borne; the next one is a war. */
  readonly repairs: number;
  readonly windowMs: number;
  /** For how long the thing is left alone then. */
  readonly pauseMs: number;
}

/** What is remembered of one thing in one room. */
export interface WarState {
  /** Within the window, oldest first: when (Unix ms), and who had changed it. */
  readonly repairs: readonly { readonly at: number; readonly against: UserId }[];
  /** Unix ms until which it is left alone; 0: it is not. */
  readonly pausedUntil: number;
}

/** Nothing has happened yet. */
export const PEACE: WarState = { repairs: [], pausedUntil: 0 };

/** `repair`: do it. `war`: do not, and tell people whom it is with. `paused`: people were told. */
export type WarVerdict =
  | { readonly verdict: 'repair'; readonly state: WarState }
  | { readonly verdict: 'war'; readonly state: WarState; readonly with: readonly UserId[] }
  | { readonly verdict: 'paused'; readonly state: WarState };

/**
 * Whether something that `against` changed is to be put right once more. It does not matter whether one or several undo it in turns: whom it is
 * with is for the report.
 */
export function judgeRepair(state: WarState, against: UserId, at: number, limits: WarLimits): WarVerdict {
  if (at < state.pausedUntil) return { verdict: 'paused', state };
  const recent = state.repairs.filter((repair) => repair.at > at - limits.windowMs && repair.at <= at);
  if (recent.length >= limits.repairs) {
    const enemies = new Set([...recent.map((repair) => repair.against), against]);
    return { verdict: 'war', state: { repairs: [], pausedUntil: at + limits.pauseMs }, with: [...enemies] };
  }
  return { verdict: 'repair', state: { repairs: [...recent, { at, against }], pausedUntil: 0 } };
}

/** True where nothing of it matters any more. */
export function isOver(state: WarState, at: number, { windowMs }: WarLimits): boolean {
  return at >= state.pausedUntil && state.repairs.every((repair) => repair.at <= at - windowMs);
}
