import { expect } from 'chai';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { NoticeRow } from '../../../src/model/rows.ts';
import { PostNotice, type PostNoticeParts } from '../../../src/services/post-notice.ts';

const BOT = '@carebridge:hospital.test' as UserId;
const LEE = '@lee:hospital.test' as UserId;

describe('what clients notify of', () => {
  async function posted(more: object): Promise<Readonly<Record<string, unknown>>> {
    let content: Readonly<Record<string, unknown>> = {};
    const parts = {
      conversations: { findByRoom: async () => undefined },
      opener: { isAttended: async () => true },
      sender: { send: async (event: { content: typeof content }) => ((content = event.content), '$event' as EventId) },
    } as unknown as PostNoticeParts;
    const notice = { kind: 'message', text: 'Words', ...more };
    const row = { id: 'n1', roomId: '!security' as RoomId, sender: BOT, notice } as unknown as NoticeRow;
    expect(await new PostNotice(parts).post(row)).to.equal('done');
    return content;
  }

  it('is silent about what the bot says, as the standard push rules are about notices', async () => {
    expect(await posted({})).to.deep.equal({ msgtype: 'm.notice', body: 'Words' });
  });

  it('A10, B1: notifies of an alarm as of what people write', async () => {
    expect(await posted({ isAlarm: true })).to.deep.equal({ msgtype: 'm.text', body: 'Words' });
  });

  it('D1: rings for whoever is mentioned', async () => {
    expect(await posted({ mentions: [LEE] })).to.deep.equal({
      msgtype: 'm.text',
      body: 'Words',
      'm.mentions': { user_ids: [LEE] },
    });
  });
});
