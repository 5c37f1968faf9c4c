/** The closed list of reasons for which a policy rule refuses. */
export type ViolationCode =
  | 'no-consent'
  | 'awaiting-consent'
  | 'already-asked'
  | 'consent-declined'
  | 'opted-out'
  | 'no-birth-date'
  | 'awaiting-identity'
  | 'identity-locked'
  | 'confirmation-too-late'
  | 'class-sends-no-texts'
  | 'too-long'
  | 'outcome-unknown'
  | 'written-in-a-room'
  | 'content-wiped'
  | 'unreadable'
  | 'no-line'
  | 'one-by-one'
  | 'opt-out-open';

/** Why a rule refuses, and in `message`, for the staff member, what to do about it. Never contains PHI. */
export interface Violation {
  readonly code: ViolationCode;
  readonly message: string;
}
