import { expect } from 'chai';
import type { Conversation } from '../../../src/model/conversation.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import { ConversationCache } from '../../../src/storage/conversation-cache.ts';

const conversation = (id: string, room?: string, contact = `contact-${id}`) =>
  ({ id, roomId: room, contact: { id: contact } }) as unknown as Conversation;

describe('conversation cache', () => {
  it('finds what it remembers by id, room and lane', () => {
    const cache = new ConversationCache();
    const one = conversation('1', '!1');
    cache.remember(one, 'lane-1', cache.ticket);
    expect([cache.byId(one.id), cache.byRoom('!1' as RoomId), cache.byLane('lane-1')]).to.deep.equal([one, one, one]);
    expect([cache.byRoom('!2' as RoomId), cache.byLane('lane-2')]).to.deep.equal([undefined, undefined]);
  });

  it('forgets what was used least recently when it is full', () => {
    const cache = new ConversationCache(2);
    for (const id of ['1', '2']) cache.remember(conversation(id), `lane-${id}`, cache.ticket);
    cache.byLane('lane-1');
    cache.remember(conversation('3'), 'lane-3', cache.ticket);
    expect(['1', '2', '3'].map((id) => cache.byLane(`lane-${id}`)?.id)).to.deep.equal(['1', undefined, '3']);
  });

  it('drops a conversation under all its names, and all of a contact', () => {
    const cache = new ConversationCache();
    const [one, two, three] = [
      conversation('1', '!1', 'a'),
      conversation('2', '!2', 'a'),
      conversation('3', '!3', 'b'),
    ];
    for (const each of [one, two, three]) cache.remember(each, `lane-${each.id}`, cache.ticket);
    cache.drop(three.id);
    expect([cache.byId(three.id), cache.byRoom('!3' as RoomId), cache.byLane('lane-3')]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    cache.dropContact(one.contact.id);
    expect([cache.byId(one.id), cache.byRoom('!2' as RoomId)]).to.deep.equal([undefined, undefined]);
  });

  it('does not remember what was read before something was dropped', () => {
    const cache = new ConversationCache();
    const { ticket } = cache;
    const one = conversation('1', '!old');
    cache.drop(one.id);
    cache.remember(one, 'lane-1', ticket);
    expect(cache.byId(one.id)).to.equal(undefined);
  });

  it('does not find a conversation under the room it had before', () => {
    const cache = new ConversationCache();
    cache.remember(conversation('1', '!old'), 'lane-1', cache.ticket);
    cache.remember(conversation('1', '!new'), 'lane-1', cache.ticket);
    expect(cache.byRoom('!old' as RoomId)).to.equal(undefined);
    expect(cache.byRoom('!new' as RoomId)?.id).to.equal('1');
  });
});
