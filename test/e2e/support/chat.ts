/** One patient's conversation as both ends see it: the phone at the simulated carrier, the room in a nurse's client. */
import { BOT, type Clinic } from '../../../src/cli/demo/clinic.ts';
import { Patient, type Picture } from '../../../src/cli/demo/patient.ts';
import { repliesTo } from '../../../src/cli/demo/received-events.ts';
import { LINE } from '../../../src/cli/demo/scene.ts';
import type { PhoneText } from '../../../src/sms/loopback/phones.ts';
import type { Nurse, ReceivedEvent } from '../../support/nurse.ts';

export { BOT, LINE as LINE_NUMBER };
const GHOST = /^@carebridge_[a-z0-9]+:hospital\.test$/;

/** Numbers that libphonenumber takes for real ones; +1 212 555 0100 is the line's. */
let lastNumber = 100;

/** A patient's number that no other test of this run uses. */
export function newNumber(): string {
  lastNumber += 1;
  return lastNumber < 200 ? `+12125550${lastNumber}` : `+1212736${5000 + lastNumber}`;
}

export interface ChatOptions {
  readonly name?: string;
  readonly number?: string;
  /** False: the patient is asked, but has not answered. */
  readonly consented?: boolean;
}

/** Opened by a nurse with `!care text`, and by default agreed to by the patient. */
export class Chat {
  readonly clinic: Clinic;
  readonly nurse: Nurse;
  readonly patient: Patient;
  /** The room as it is now: an upgrade moves it. */
  room: string;

  constructor(clinic: Clinic, nurse: Nurse, number: string, room: string) {
    this.clinic = clinic;
    this.nurse = nurse;
    this.patient = new Patient(clinic.carrier, number);
    this.room = room;
  }

  static async open(clinic: Clinic, nurse: Nurse, commandRoom: string, options: ChatOptions = {}): Promise<Chat> {
    const { name = '', number = newNumber(), consented = true } = options;
    const room = await clinic.startConversation(nurse, commandRoom, number, name);
    const chat = new Chat(clinic, nurse, number, room);
    await chat.phoneGets('Reply YES');
    if (consented) await chat.agree();
    return chat;
  }

  /** The patient answers YES, and the room says so. */
  async agree(): Promise<void> {
    await this.patientTexts('YES');
    await this.botSays('You can write now');
  }

  get number(): string {
    return this.patient.number;
  }

  /** Resolves when the bridge has acknowledged the text. */
  async patientTexts(text: string, pictures: readonly Picture[] = []): Promise<void> {
    await this.patient.texts(text, pictures);
  }

  /** The patient texts, and the nurse reads it in the room. */
  async patientSays(text: string): Promise<ReceivedEvent> {
    await this.patientTexts(text);
    return await this.nurseReads(text);
  }

  async nurseReads(text: string, nurse = this.nurse): Promise<ReceivedEvent> {
    return await nurse.waitForMessage(
      this.room,
      ({ sender, content }) => GHOST.test(sender) && content['body'] === text,
      this.onTimeout(),
    );
  }

  /** The nurse writes, and the phone gets it. Returns the event's id. */
  async nurseSays(text: string): Promise<string> {
    const event = await this.nurse.send(this.room, text);
    await this.phoneGets(text);
    return event;
  }

  async phoneGets(part: string, timeoutMs?: number): Promise<PhoneText> {
    try {
      return await this.patient.gets(part, timeoutMs);
    } catch (cause) {
      throw new Error(
        `${(cause as Error).message}\n${this.nurse.describe(this.room)}\n${this.clinic.bridge.lastLines()}`,
        {
          cause,
        },
      );
    }
  }

  /** What the phone got so far, oldest first. */
  phoneTexts(): string[] {
    const texts = this.clinic.carrier.texts(this.number);
    return texts.filter(({ direction }) => direction === 'to-patient').map(({ text }) => text);
  }

  async botSays(part: string, nurse = this.nurse): Promise<ReceivedEvent> {
    const wanted = ({ sender, content }: ReceivedEvent): boolean =>
      sender === BOT && String(content['body']).includes(part);
    return await nurse.waitForMessage(this.room, wanted, this.onTimeout());
  }

  /** What the bot said in answer to that very event. */
  async botReplies(eventId: string): Promise<string> {
    const reply = await this.nurse.waitForMessage(this.room, isReplyOfBotTo(eventId), this.onTimeout());
    return String(reply.content['body']);
  }

  /** Every reply of the bot to the event so far. */
  repliesTo(eventId: string): string[] {
    const replies = this.nurse.events.messages(this.room).filter(isReplyOfBotTo(eventId));
    return replies.map(({ content }) => String(content['body']));
  }

  /** The nurse writes something that must not go out. Returns the bot's words. */
  async refused(text: string): Promise<string> {
    return await this.botReplies(await this.nurse.send(this.room, text));
  }

  /** What the ghost said in the room, in order. */
  fromPatient(nurse = this.nurse): string[] {
    const events = nurse.events.messages(this.room).filter(({ sender }) => GHOST.test(sender));
    return events.map(({ content }) => String(content['body']));
  }

  get ghost(): string {
    const members = this.nurse.client.getRoom(this.room)?.getJoinedMembers() ?? [];
    const ghost = members.find(({ userId }) => GHOST.test(userId));
    if (ghost === undefined) throw new Error('The ghost has not joined.');
    return ghost.userId;
  }

  async delivered(eventId: string): Promise<void> {
    await this.nurse.waitForReceipt(this.room, this.ghost, eventId, this.onTimeout());
  }

  private onTimeout() {
    return { instead: () => `${this.nurse.describe(this.room)}\n${this.clinic.bridge.lastLines()}` };
  }
}

/** An answer of the bot to that very event. */
export function isReplyOfBotTo(eventId: string) {
  return (event: ReceivedEvent): boolean => event.sender === BOT && repliesTo(event) === eventId;
}
