/** Warnings that a client would show, less those that a test brought about itself. */
import type { Nurse, ReceivedEvent } from '../../support/nurse.ts';

const expected = new Set<string>();

/** The event was sent in a way that must be warned of: in the clear, or from an unverified device. */
export function expectWarning(eventId: string): void {
  expected.add(eventId);
}

/** Every event that Element would warn of and should not. */
export function unexpectedWarnings(nurse: Nurse): ReceivedEvent[] {
  return nurse.events.warnings().filter(({ eventId }) => !expected.has(eventId));
}
