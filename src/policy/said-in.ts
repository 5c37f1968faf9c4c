import type { SaidContent, SaidKind } from '../model/archive.ts';
import { parseEventId, type EventId } from '../model/ids.ts';

/** What an event says, for the archive. */
export interface SaidInEvent {
  readonly kind: SaidKind;
  readonly relatesTo: EventId | undefined;
  readonly content: SaidContent;
}

/** Reads a decrypted event; undefined where it says nothing, e.g. the key verification of two devices. */
export function saidIn(type: string, content: Readonly<Record<string, unknown>>): SaidInEvent | undefined {
  if (type !== 'm.room.message' && type !== 'm.sticker') return undefined;
  const msgtype = text(content['msgtype']) ?? 'm.sticker';
  if (msgtype.startsWith('m.key.verification')) return undefined;
  const relation = object(content['m.relates_to']);
  const changed = object(content['m.new_content']);
  if (relation?.['rel_type'] === 'm.replace' || changed !== undefined) {
    const body = text(changed?.['body']) ?? text(content['body']) ?? '';
    return { kind: 'edit', relatesTo: parseEventId(relation?.['event_id']), content: { body } };
  }
  const relatesTo = parseEventId(object(relation?.['m.in_reply_to'])?.['event_id']);
  const file = fileIn(content);
  const body = text(content['body']) ?? '';
  return file === undefined
    ? { kind: 'message', relatesTo, content: { body } }
    : { kind: 'file', relatesTo, content: { body, file } };
}

function fileIn(content: Readonly<Record<string, unknown>>): SaidContent['file'] {
  const encrypted = object(content['file']);
  const mxc = text(encrypted?.['url']) ?? text(content['url']);
  if (mxc === undefined) return undefined;
  const name = text(content['filename']) ?? text(content['body']) ?? '';
  return { name, mxc, sha256: text(object(encrypted?.['hashes'])?.['sha256']) ?? '' };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toWellFormed() : undefined;
}

function object(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
