import { createHash } from 'node:crypto';
import type { UserId } from '../model/ids.ts';
import type { RoomSender } from '../ports/room-sender.ts';
import { accessReviewCsv, type ReviewAccess } from '../services/review-access.ts';
import { defineCommand, type Command } from './command.ts';

/** What the command needs. */
export interface AccessReviewCommandParts {
  readonly reviewAccess: ReviewAccess;
  readonly sender: Pick<RoomSender, 'send' | 'uploadFile'>;
  readonly namespace: { readonly bot: UserId };
}

/** `access review`: everybody’s roles, rooms and devices as an encrypted file (A8). */
export function accessReviewCommand({ reviewAccess, sender, namespace: { bot } }: AccessReviewCommandParts): Command {
  return defineCommand({
    name: 'access review',
    permission: 'read-audit',
    where: 'command-room',
    effect: 'reads',
    summary: 'get a file (CSV) with everybody’s roles, rooms and devices, for the periodic review',
    parameters: {},
    run: async ({ room: { roomId }, eventId }) => {
      const review = await reviewAccess.run();
      const bytes = Buffer.from(accessReviewCsv(review), 'utf8');
      const { content, sha256 } = await sender.uploadFile(bot, { bytes, contentType: 'text/csv' });
      const body = `access-review-${new Date(review.at).toISOString().slice(0, 10)}.csv`;
      await sender.send({
        as: bot,
        roomId,
        type: 'm.room.message',
        content: { ...content, body, filename: body, 'm.relates_to': { 'm.in_reply_to': { event_id: eventId } } },
        // Asked again after a crash, the file is sent once.
        txnId: `access-review-${createHash('sha256').update(eventId).digest('hex').slice(0, 32)}`,
      });
      const unseen = review.unseenRooms.length;
      const notSeen = unseen > 0 ? ` ${unseen} of the rooms could not be checked: the bot is not in them.` : '';
      const facts = { users: review.users.length, rooms: review.rooms, unseen, sha256 };
      return {
        text: `${facts.users} people, ${facts.rooms} governed rooms: the file says who has which roles, rooms and devices.${notSeen}`,
        data: facts,
        outcome: unseen > 0 ? 'partial' : 'done',
        audit: { details: facts },
      };
    },
  });
}
