import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Line, Lines } from '../services/lines.ts';

/** The lines that `user` speaks for. Throws UserError where there are none: a permission alone makes nobody part of a patient's team. */
export function linesOf(lines: Lines, user: UserId): readonly Line[] {
  const mine = lines.ofMember(user);
  if (mine.length > 0) return mine;
  throw new UserError('Refused: only members of a line’s team may do this. Ask your administrator to add you to one.');
}
