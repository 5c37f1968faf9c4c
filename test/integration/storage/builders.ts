/** Rows for the storage tests, with what a test does not care about filled in. */
import type { Said } from '../../../src/model/archive.ts';
import type { ConversationId, EventId, LineId, RoomId, UserId } from '../../../src/model/ids.ts';
import { newOpaqueId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import type { NewInboxRow } from '../../../src/ports/inbox-store.ts';
import type { NewNotice } from '../../../src/ports/notice-store.ts';
import type { NewOutboxRow } from '../../../src/ports/outbox-store.ts';
import type { Storage } from '../../../src/storage/open-storage.ts';

export const LINE = 'front-desk' as LineId;
export const OTHER_LINE = 'billing' as LineId;
export const ROOM = '!room:hospital.test' as RoomId;
export const OTHER_ROOM = '!other' as RoomId;
export const BOT = '@care:hospital.test' as UserId;
export const PATIENT = '+12125550123' as PhoneNumber;
export const OTHER_PATIENT = '+12125550124' as PhoneNumber;

export const newGhost = () => `@_care_${newOpaqueId(20)}:hospital.test` as UserId;

export function inboxRow(fields: Partial<NewInboxRow> = {}): NewInboxRow {
  return {
    carrier: 'loopback',
    carrierMessageId: newOpaqueId(),
    lineId: LINE,
    from: PATIENT,
    body: 'When may I come?',
    media: [],
    keyword: undefined,
    ...fields,
  };
}

export function outboxRow(conversationId: ConversationId, fields: Partial<NewOutboxRow> = {}): NewOutboxRow {
  return {
    kind: 'message',
    conversationId,
    lineId: LINE,
    to: PATIENT,
    body: 'Tomorrow at ten.',
    attachment: undefined,
    eventId: undefined,
    roomId: undefined,
    cause: `event:${newOpaqueId()}`,
    trace: 'trace',
    ...fields,
  };
}

/** The conversation of what `said` says. */
export const MARIA = 'maria' as ConversationId;

export function said(n: number, more: Partial<Said> = {}): Said {
  return {
    kind: 'message',
    by: 'staff',
    conversationId: MARIA,
    roomId: ROOM,
    eventId: `$event-${n}` as EventId,
    at: n,
    relatesTo: undefined,
    sender: '@nurse:hospital.test' as UserId,
    content: { body: `planted-words ${n}` },
    ...more,
  };
}

export function notice(fields: Partial<NewNotice> = {}): NewNotice {
  return {
    roomId: ROOM,
    sender: BOT,
    notice: { kind: 'message', text: 'Not sent: the patient opted out.' },
    cause: `cause:${newOpaqueId()}`,
    trace: 'trace',
    ...fields,
  };
}

export function matrixEvent(fields: Partial<MatrixEvent> = {}): MatrixEvent {
  return {
    type: 'm.room.encrypted',
    room_id: ROOM,
    event_id: `$${newOpaqueId()}` as EventId,
    sender: '@nurse:hospital.test' as UserId,
    origin_server_ts: 1,
    content: { algorithm: 'm.megolm.v1.aes-sha2' },
    ...fields,
  };
}

/** A conversation to which outbox rows can belong. */
export async function conversationId(storage: Storage): Promise<ConversationId> {
  return (await storage.conversations.findOrCreate(LINE, PATIENT, newGhost)).id;
}
