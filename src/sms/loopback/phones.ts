import { EventEmitter } from 'node:events';
import { newOpaqueId } from '../../model/ids.ts';

/** A picture on a phone. */
export interface PhonePicture {
  readonly id: string;
  readonly contentType: string;
}

/**
 * One text on a patient's phone. `state` of a text from the patient: `sending` until our webhook acknowledged it, then `delivered`; of one to the
 * patient: what the carrier reported last.
 */
export interface PhoneText {
  readonly id: string;
  readonly direction: 'from-patient' | 'to-patient';
  readonly phone: string;
  readonly line: string;
  readonly text: string;
  readonly pictures: readonly PhonePicture[];
  /** Unix time, ms. */
  readonly at: number;
  /** The id under which it was sent to the carrier; undefined for a text from the patient. */
  readonly outboxId: string | undefined;
  readonly state: 'sending' | 'accepted' | 'sent' | 'delivered' | 'failed';
}

/** The patients' phones: what each sent and got, in memory. Says `change` each time anything changed. */
export class Phones extends EventEmitter<{ change: [] }> {
  readonly #texts = new Map<string, PhoneText[]>();
  readonly #pictures = new Map<string, { readonly contentType: string; readonly bytes: Uint8Array }>();

  /** Switches a phone on; fine where it is. */
  add(phone: string): void {
    if (this.#texts.has(phone)) return;
    this.#texts.set(phone, []);
    this.emit('change');
  }

  numbers(): readonly string[] {
    return [...this.#texts.keys()];
  }

  /** What the phone shows, oldest first. */
  texts(phone: string): readonly PhoneText[] {
    return this.#texts.get(phone) ?? [];
  }

  /** Puts a text onto the phone it names. */
  put(text: PhoneText): void {
    this.add(text.phone);
    this.#texts.get(text.phone)?.push(text);
    this.emit('change');
  }

  setState({ phone, id }: PhoneText, state: PhoneText['state']): void {
    const texts = this.#texts.get(phone) ?? [];
    const index = texts.findLastIndex((text) => text.id === id);
    const text = texts[index];
    if (text === undefined) return;
    texts[index] = { ...text, state };
    this.emit('change');
  }

  /** Keeps a picture under a new id. */
  addPicture(picture: { readonly contentType: string; readonly bytes: Uint8Array }): PhonePicture {
    const id = newOpaqueId();
    this.#pictures.set(id, picture);
    return { id, contentType: picture.contentType };
  }

  picture(id: string): { readonly contentType: string; readonly bytes: Uint8Array } | undefined {
    return this.#pictures.get(id);
  }
}
