import type { EventId } from '../../../src/model/ids.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import type { Decrypted, EventDecrypter } from '../../../src/ports/event-decrypter.ts';

/** Answers for each event what it was told; `no-key` for what it does not know. */
export class FakeDecrypter implements EventDecrypter {
  readonly #known = new Map<EventId, Decrypted>();

  knows(eventId: EventId, decrypted: Decrypted): void {
    this.#known.set(eventId, decrypted);
  }

  async decrypt(event: MatrixEvent): Promise<Decrypted> {
    return this.#known.get(event.event_id) ?? { outcome: 'no-key' };
  }
}
