/**
 * Branded identifiers. They are parsed where they enter and trusted inside; nothing else looks into them.
 */
import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;

/** `T` that can only be made by a parser or a cast at the edge. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A full Matrix user id, `@localpart:server` (Matrix spec, appendices 4.2.1). */
export type UserId = Brand<string, 'UserId'>;
/** A Matrix room id; without a `:server` part from room version 12 on (MSC4291). */
export type RoomId = Brand<string, 'RoomId'>;
/** A Matrix event id, `$opaque`. */
export type EventId = Brand<string, 'EventId'>;
/** The key of a line in the configuration, e.g. `front-desk`. */
export type LineId = Brand<string, 'LineId'>;
/** Opaque id of a contact. */
export type ContactId = Brand<string, 'ContactId'>;
/** Opaque id of a contact's address. */
export type AddressId = Brand<string, 'AddressId'>;
/** Opaque id of a conversation. */
export type ConversationId = Brand<string, 'ConversationId'>;

const USER_ID = /^@[\x21-\x39\x3b-\x7e]+:[A-Za-z0-9.\-[\]:]+$/;
const ROOM_ID = /^![\x21-\x7e]+$/;
const EVENT_ID = /^\$[\x21-\x7e]+$/;
const MAX_ID_LENGTH = 255;

/** The user id in `text`, or undefined where it is not one. */
export function parseUserId(text: unknown): UserId | undefined {
  return matches(text, USER_ID) ? (text as UserId) : undefined;
}

/** The room id in `text`, of any room version, or undefined. */
export function parseRoomId(text: unknown): RoomId | undefined {
  return matches(text, ROOM_ID) ? (text as RoomId) : undefined;
}

/** The event id in `text`, or undefined. */
export function parseEventId(text: unknown): EventId | undefined {
  return matches(text, EVENT_ID) ? (text as EventId) : undefined;
}

/** `nurse` of `@nurse:hospital.test`. */
export function localpartOf(userId: UserId): string {
  return userId.slice(1, userId.indexOf(':'));
}

/** `hospital.test` of `@nurse:hospital.test`. */
export function serverOf(userId: UserId): string {
  return userId.slice(userId.indexOf(':') + 1);
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new unguessable id of `length` characters from a-z and 2-7 (5 bits each; 26 characters are 130 bits). */
export function newOpaqueId(length = 26): string {
  return Array.from(randomBytes(length), (byte) => BASE32[byte & 31]).join('');
}

function matches(text: unknown, pattern: RegExp): boolean {
  return typeof text === 'string' && text.length <= MAX_ID_LENGTH && pattern.test(text);
}
