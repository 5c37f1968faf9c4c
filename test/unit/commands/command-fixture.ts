import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { COMMAND_ROOM, NAMESPACE, newWorld, NURSE, TestBridge, type World } from '../../support/fakes/test-bridge.ts';

/** A bridge over memory in which commands are typed. */
export class CommandFixture {
  readonly world: World;
  readonly bridge: TestBridge;

  constructor(world: World) {
    this.world = world;
    this.bridge = new TestBridge(world);
  }

  static async create(): Promise<CommandFixture> {
    return new CommandFixture(await newWorld(memoryStorage()));
  }

  /** Types `text` and gives the bot's answer, or undefined where it says nothing. Nothing else of the bridge runs. */
  async type(text: string, roomId: RoomId = COMMAND_ROOM, sender: UserId = NURSE): Promise<string | undefined> {
    const eventId = await this.bridge.writes(roomId, text, { sender });
    await this.bridge.pump('events', 'notices');
    const answer = this.world.sender.events.find(({ as, content }) => {
      const relation = content['m.relates_to'] as { 'm.in_reply_to'?: { event_id: string } } | undefined;
      return as === NAMESPACE.bot && relation?.['m.in_reply_to']?.event_id === eventId;
    });
    return answer && String(answer.content['body']);
  }
}
