import type { ConsentState } from '../model/consent.ts';
import type { OutboxKind } from '../model/rows.ts';
import type { SmsEncoding } from '../model/sms-encoding.ts';
import type { Violation } from '../model/violation.ts';
import type { IdentityStanding } from './identity-standing.ts';

/** What the rule looks at. Times are Unix ms. */
export interface SendQuestion {
  readonly kind: OutboxKind;
  readonly consent: ConsentState;
  /** Whether whoever answers at the number is the patient. */
  readonly identity: IdentityStanding;
  readonly encoding: SmsEncoding;
  /** When the text was written. */
  readonly createdAt: number;
  readonly now: number;
  /** False where the PHI class of the patient's room sends no texts. */
  readonly isTextingClass: boolean;
}

/** As many SMS as gateways still take as one message. */
const MAX_PARTS = 10;
/** An opt-out confirmation is presumed allowed within five minutes: 47 CFR 64.1200(a)(12) (K4). */
export const CONFIRMATION_WINDOW_MS = 5 * 60_000;

/** Asked when staff write and again just before the carrier is called. An empty answer allows (J1). */
export function maySend(question: SendQuestion): Violation[] {
  const violations: Violation[] = [];
  if (!question.isTextingClass && !ANSWERS.has(question.kind)) violations.push(NO_TEXTS);
  const consent = CONSENT_RULES[question.kind](question);
  if (consent) violations.push(consent);
  const identity = question.kind === 'message' ? IDENTITY_RULES[question.identity] : undefined;
  if (identity) violations.push(identity);
  const tooLong = lengthProblem(question.encoding);
  if (tooLong) violations.push(tooLong);
  return violations;
}

function lengthProblem({ coding, parts }: SmsEncoding): Violation | undefined {
  if (parts <= MAX_PARTS) return undefined;
  const why = coding === 'ucs2' ? ' Emoji and some accents, such as á and ’, more than halve what fits into one.' : '';
  return {
    code: 'too-long',
    message: `it would be ${parts} SMS and a text can be ${MAX_PARTS}.${why} Send it in parts.`,
  };
}

/** A patient who writes STOP or HELP is answered whatever the room is (K4, K7). */
const ANSWERS: ReadonlySet<OutboxKind> = new Set(['help', 'stop-confirmation']);

const NO_TEXTS: Violation = {
  code: 'class-sends-no-texts',
  message: 'rooms of this class send no texts: they would leave unencrypted. Call, or use another way.',
};

const CONSENT_RULES: Readonly<Record<OutboxKind, (question: SendQuestion) => Violation | undefined>> = {
  message: ({ consent }) => MESSAGE_RULES[consent],
  warning: ({ consent }) => WARNING_RULES[consent],
  help: () => undefined,
  'identity-question': ({ consent }) => MESSAGE_RULES[consent],
  'stop-confirmation': ({ createdAt, now }) =>
    now - createdAt > CONFIRMATION_WINDOW_MS
      ? { code: 'confirmation-too-late', message: 'an opt-out is confirmed within five minutes or not at all.' }
      : undefined,
};

const MESSAGE_RULES: Readonly<Record<ConsentState, Violation | undefined>> = {
  none: {
    code: 'no-consent',
    message:
      'the patient was not yet asked whether texts are welcome. Start with `{prefix} text`, or record consent with `{prefix} consent`.',
  },
  warned: {
    code: 'awaiting-consent',
    message: 'the patient got the risk warning and has not answered YES yet. Send it again after the answer, or call.',
  },
  declined: {
    code: 'consent-declined',
    message: 'the patient declined texts. Call instead. The patient can change that by texting START.',
  },
  revoked: {
    code: 'opted-out',
    message: 'the patient opted out of texts (STOP). Call instead. Only the patient can undo it, by texting START.',
  },
  granted: undefined,
};

/** Nothing of the staff goes to a number before it is known whose it is (G3). */
const IDENTITY_RULES: Readonly<Record<IdentityStanding, Violation | undefined>> = {
  'not-needed': undefined,
  verified: undefined,
  unknown: {
    code: 'no-birth-date',
    message:
      'it was not checked who answers at this number. Record the date of birth with `{prefix} identity born 1980-03-02`: the patient is then asked for it. Or record what else proves it with `{prefix} identity attest`.',
  },
  unasked: {
    code: 'awaiting-identity',
    message: 'the patient is asked for the date of birth first. Send it again once the right answer has come, or call.',
  },
  asked: {
    code: 'awaiting-identity',
    message:
      'the patient was asked for the date of birth and has not given the right answer yet. Send it again after that, or call. `{prefix} identity ask` asks again.',
  },
  locked: {
    code: 'identity-locked',
    message:
      'whoever answers there gave a wrong date of birth too often. Call the patient, and record how you know who it is with `{prefix} identity attest`.',
  },
};

/** A question is put once: a second warning would undo an answer that came meanwhile. */
const ALREADY_ASKED: Violation = { code: 'already-asked', message: 'the patient was asked already.' };

const WARNING_RULES: Readonly<Record<ConsentState, Violation | undefined>> = {
  none: undefined,
  warned: ALREADY_ASKED,
  granted: ALREADY_ASKED,
  declined: MESSAGE_RULES.declined,
  revoked: MESSAGE_RULES.revoked,
};
