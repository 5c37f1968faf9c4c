/** The command room as staff with real clients use it. */
import { BOT, type Clinic } from './clinic.ts';
import type { Nurse } from './nurse.ts';
import { repliesTo, type ReceivedEvent } from './received-events.ts';

/** Types, and reads what the bot answers. `who` is the administrator where left out. */
export class CommandRoom {
  readonly #clinic: Clinic;
  readonly #admin: Nurse;
  readonly roomId: string;

  private constructor(clinic: Clinic, admin: Nurse, roomId: string) {
    this.#clinic = clinic;
    this.#admin = admin;
    this.roomId = roomId;
  }

  /** The administrator joins, and then the others. */
  static async join(clinic: Clinic, admin: Nurse, ...others: readonly Nurse[]): Promise<CommandRoom> {
    const roomId = await clinic.joinCommandRoom(admin);
    for (const other of others) await clinic.joinCommandRoom(other);
    return new CommandRoom(clinic, admin, roomId);
  }

  /** The same people in the room that took its place. */
  at(roomId: string): CommandRoom {
    return new CommandRoom(this.#clinic, this.#admin, roomId);
  }

  /** Says something, and waits for the bot's answer to it. `room`: another room. */
  async says(words: string, who = this.#admin, room = this.roomId): Promise<ReceivedEvent> {
    return await this.answerTo(await who.send(room, words), {}, who, room);
  }

  /** `!care line`, and the answer's words. */
  async hears(line: string, who = this.#admin): Promise<string> {
    return bodyOf(await this.says(`!care ${line}`, who));
  }

  /** Types `!care line`, says yes to what is asked, and waits for what comes of it. */
  async confirmed(line: string): Promise<{ preview: string; answer: ReceivedEvent }> {
    const prompt = await this.says(`!care ${line}`);
    return { preview: bodyOf(prompt), answer: await this.decide(prompt, '✅') };
  }

  /** Puts a sign under a question of the bot, and waits for what it says then. */
  async decide(prompt: ReceivedEvent, sign: string, who = this.#admin): Promise<ReceivedEvent> {
    const after = { after: prompt.eventId };
    await who.react(prompt.roomId, prompt.eventId, sign);
    return await this.answerTo(repliesTo(prompt) ?? '', after, who, prompt.roomId);
  }

  /** The bot's first answer (after `after`) to the event. */
  async answerTo(
    eventId: string,
    options: { readonly after?: string } = {},
    who = this.#admin,
    room = this.roomId,
  ): Promise<ReceivedEvent> {
    const isAnswer = (event: ReceivedEvent) => event.sender === BOT && repliesTo(event) === eventId;
    return await who.waitForMessage(room, isAnswer, { ...options, ...this.instead(who, room) });
  }

  /** What was there instead, for a time-out's message. */
  instead(who = this.#admin, room = this.roomId) {
    return { instead: () => `${who.describe(room)}\n${this.#clinic.bridge.lastLines()}` };
  }
}

/** The words of an event. */
export function bodyOf({ content }: ReceivedEvent): string {
  return String(content['body']);
}
