import type { SimulatorMode } from './mode.ts';
import type { Phones, PhoneText } from './phones.ts';
import type { SendRequest } from './protocol.ts';

/** A text that a patient types. */
export interface PatientText {
  readonly from: string;
  /** The number of a line. */
  readonly to: string;
  readonly text: string;
  readonly media?: readonly { readonly contentType: string; readonly bytes: Uint8Array }[];
  /** The carrier's id of the message; a new one by default. */
  readonly id?: string;
}

/** How often a text was handed over. */
export interface SendCalls {
  /** Every authentic call, refused ones too. */
  readonly calls: number;
  /** The calls that put a text onto the phone. More than 1 is a double. */
  readonly taken: number;
}

/** What the carrier answers to a send. `drop` closes the connection without an answer. */
export type SendOutcome = { readonly status: number; readonly json: object } | 'drop';

/** The simulated carrier as its API and its page see it. */
export interface SimulatedCarrier {
  readonly phones: Phones;
  readonly lines: readonly { readonly number: string; readonly name: string }[];
  readonly secret: string;
  readonly mode: SimulatorMode;
  readonly sendCalls: ReadonlyMap<string, SendCalls>;
  setMode(mode: SimulatorMode): void;
  doubled(): readonly string[];
  texts(phone: string): readonly PhoneText[];
  sendFromPatient(text: PatientText): Promise<string>;
  take(request: SendRequest): Promise<SendOutcome>;
}
