/** A governed room is changed by hand, and put back. */
import { BOT } from '../clinic.ts';
import { bodyOf } from '../command-room.ts';
import type { Nurse } from '../nurse.ts';
import type { Scene, Stage } from '../scene.ts';
import { waitForEvent } from '../wait-for.ts';

/** In rooms up to this version that people made, they can be as powerful as the bot. Where the bot makes the room, nobody is. */
const OLD_VERSION = '11';
const WITH_NUMBER = 'Maria Lopez +1 212 555 0123';
/** The power of an administrator's role. */
const OWN_POWER = 90;
/** The bot collects what it put right, and says so at most every half minute. */
const NOTE_WITHIN_MS = 60_000;

type Content = Readonly<Record<string, unknown>>;

/** What somebody does in the room's settings in Element. */
interface HandChange {
  readonly what: string;
  /** The state event that is written. */
  readonly type: string;
  /** Returns the event's id. */
  act(admin: Nurse, room: string, nurse: Nurse): Promise<string>;
  /** What the bot wrote in its place, in words. */
  becomes(content: Content, nurse: Nurse): string;
}

const CHANGES: readonly HandChange[] = [
  {
    what: `renames the room: ${WITH_NUMBER}`,
    type: 'm.room.name',
    act: async (admin, room) => (await admin.client.setRoomName(room, WITH_NUMBER)).event_id,
    becomes: ({ name }) => `it is called ${String(name)}`,
  },
  {
    what: 'lets everybody join',
    type: 'm.room.join_rules',
    act: (admin, room) => admin.sendState(room, 'm.room.join_rules', { join_rule: 'public' }),
    becomes: (content) => `joining is by ${String(content['join_rule'])}`,
  },
  {
    what: 'promotes the nurse: power 75',
    type: 'm.room.power_levels',
    act: async (admin, room, nurse) => (await admin.client.setPowerLevel(room, nurse.userId, 75)).event_id,
    becomes: ({ users }, { userId }) => `the nurse has power ${(users as Record<string, number>)[userId] ?? 0}`,
  },
];

export const drift: Scene = {
  title: 'A room is changed by hand, and put back',
  async play(stage) {
    const { admin, nurse, tell } = stage;
    const room = await adoptOldRoom(stage);
    for (const change of CHANGES) {
      const typed = performance.now();
      const changed = await change.act(admin, room, nurse);
      tell('admin', change.what);
      const now = change.becomes(await writtenByBot(nurse, room, change.type, changed), nurse);
      tell('nurse', `sees it put back ${(performance.now() - typed).toFixed(0)} ms later: ${now}`);
    }
    const isNote = (words: string) => words.includes(admin.userId) && words.includes('the join rule was public');
    const note = await nurse.waitForMessage(room, (event) => event.sender === BOT && isNote(bodyOf(event)), {
      timeoutMs: NOTE_WITHIN_MS,
    });
    tell('bot', `says in the room: ${bodyOf(note)}`);

    await admin.client.setPowerLevel(room, admin.userId, OWN_POWER);
    tell('admin', `steps down to the power of the role, ${OWN_POWER}, and renames the room once more`);
    tell('server', `refuses: ${await refusalOf(admin.client.setRoomName(room, WITH_NUMBER))}`);
  },
};

/** A room that staff made by themselves, years ago: whoever made it is as powerful as the bot. */
async function adoptOldRoom({ admin, nurse, commandRoom, tell }: Stage): Promise<string> {
  const { room_id: room } = await admin.client.createRoom({
    name: 'Ward 4',
    room_version: OLD_VERSION,
    invite: [nurse.userId, BOT],
    power_level_content_override: { users: { [admin.userId]: 100, [BOT]: 100 } },
  });
  await nurse.join(room);
  tell('admin', `types, for a room of version ${OLD_VERSION} that the ward made: !care room adopt <room> --class phi`);
  const { preview, answer } = await commandRoom.confirmed(`room adopt ${room} --class phi`);
  tell('bot', `asks: ${preview}`);
  tell('admin', 'reacts with ✅');
  tell('bot', `answers: ${bodyOf(answer)}`);
  await writtenByBot(nurse, room, 'm.room.encryption');
  return room;
}

/** Waits for the bot's state of this type, after that of event `after` where given. */
async function writtenByBot(nurse: Nurse, room: string, type: string, after?: string): Promise<Content> {
  const find = (): Content | undefined => {
    const all = nurse.events.all().filter((event) => event.roomId === room && event.type === type);
    const start = after === undefined ? 0 : all.findIndex(({ eventId }) => eventId === after);
    return start < 0 ? undefined : all.slice(start).find(({ sender }) => sender === BOT)?.content;
  };
  return await waitForEvent(`the bot to put ${type} right`, nurse.events, ['change'], find);
}

async function refusalOf(request: Promise<unknown>): Promise<string> {
  const error = await request.then(
    () => undefined,
    (cause: unknown) => cause as { httpStatus?: number; errcode?: string },
  );
  if (error?.errcode !== 'M_FORBIDDEN') throw new Error('The homeserver did not refuse the change.');
  return `${error.httpStatus} ${error.errcode}`;
}
