/** A member of staff with a real client, which refuses whatever Element would warn of. */
import type { MatrixClient } from 'matrix-js-sdk';
import { createClient, cryptoOf, logIn, removeDevice, signAsFirst, signAsNext, type Login } from './client.ts';
import { ReceivedEvents, type ReceivedEvent, type Shield } from './received-events.ts';
import { downloadFile, uploadFile, type FileToSend } from './sent-files.ts';
import type { Account } from './synapse.ts';
import { waitFor, waitForEvent, type WaitOptions } from './wait-for.ts';

type Content = Readonly<Record<string, unknown>>;

/** Text that must be equal to the message's body, or a test of the event. */
export type Wanted = string | ((event: ReceivedEvent) => boolean);

/** One logged-in device of a member of staff. */
export class Nurse {
  readonly userId: string;
  readonly deviceId: string;
  /** For what has no helper here. */
  readonly client: MatrixClient;
  readonly events: ReceivedEvents;
  /** undefined where the log-in was given. */
  readonly #account: Account | undefined;

  private constructor(client: MatrixClient, account: Account | undefined) {
    this.#account = account;
    this.userId = client.getUserId() ?? '';
    this.deviceId = client.getDeviceId() ?? '';
    this.client = client;
    this.events = new ReceivedEvents(client);
  }

  /** Logs in as the account's first device, which makes the account's cross-signing identity. */
  static async login(url: string, account: Account): Promise<Nurse> {
    const nurse = new Nurse(await createClient(url, await logIn(url, account)), account);
    const { userId: user, password } = account;
    await signAsFirst(nurse.client, { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password });
    return await nurse.#start();
  }

  /** The account's first device, by a log-in that was made elsewhere. */
  static async withSession(url: string, login: Login): Promise<Nurse> {
    const nurse = new Nurse(await createClient(url, login), undefined);
    await signAsFirst(nurse.client, null);
    return await nurse.#start();
  }

  async #start(): Promise<this> {
    await this.client.startClient({ initialSyncLimit: 1000 });
    await this.#waitFor(['sync'], 'the first sync', () => this.client.isInitialSyncComplete());
    return this;
  }

  /** The client's encryption. */
  get crypto(): ReturnType<typeof cryptoOf> {
    return cryptoOf(this.client);
  }

  /**
   * Logs in once more. The new device is signed by the account's own identity, as after verifying it in Element, unless `verified`
   * is false: then it is the device of someone who only knows the password, and it sends all the same. `session` where it was made elsewhere.
   */
  async secondDevice(
    options: {
      readonly verified?: boolean;
      readonly deviceId?: string;
      readonly session?: Login;
    } = {},
  ): Promise<Nurse> {
    const { verified = true, deviceId, session } = options;
    const { baseUrl } = this.client;
    const login = session ?? (await logIn(baseUrl, this.#knownAccount(), deviceId));
    const second = new Nurse(await createClient(baseUrl, login), this.#account);
    if (verified) await signAsNext(second.client, this.client);
    return await second.#start();
  }

  #knownAccount(): Account {
    if (this.#account === undefined) throw new Error('This client does not know a password.');
    return this.#account;
  }

  /** Waits for an invitation (to a room that `accepts` takes) and returns the room's id. */
  async waitForInvite(accepts: (roomId: string) => boolean = () => true, options: WaitOptions = {}): Promise<string> {
    const find = (): string | undefined =>
      this.client.getRooms().find((room) => room.getMyMembership() === 'invite' && accepts(room.roomId))?.roomId;
    return await this.#waitFor(['Room.myMembership', 'Room'], 'an invitation', find, options);
  }

  /** Joins and waits until the client knows the room, its members and its encryption. */
  async join(roomId: string): Promise<string> {
    const { roomId: joined } = await this.client.joinRoom(roomId);
    await this.#waitFor(['Room.myMembership', 'RoomState.events', 'sync'], 'the room just joined', () => {
      const room = this.client.getRoom(joined);
      return room?.getMyMembership() === 'join' && room.currentState.getStateEvents('m.room.create', '') !== null;
    });
    return joined;
  }

  async leave(roomId: string): Promise<void> {
    await this.client.leave(roomId);
  }

  /** Waits until `userId` has joined the room, as this client sees it. */
  async waitForMember(roomId: string, userId: string, options: WaitOptions = {}): Promise<void> {
    const joined = (): boolean => this.client.getRoom(roomId)?.getMember(userId)?.membership === 'join';
    await this.#waitFor(['RoomState.members', 'sync'], `${userId} to join`, joined, options);
  }

  /** Sends a text; returns the event's id once the homeserver has it. */
  async send(roomId: string, text: string): Promise<string> {
    return await this.sendContent(roomId, 'm.room.message', { msgtype: 'm.text', body: text });
  }

  async reply(roomId: string, to: string, text: string): Promise<string> {
    const content = { msgtype: 'm.text', body: text, 'm.relates_to': { 'm.in_reply_to': { event_id: to } } };
    return await this.sendContent(roomId, 'm.room.message', content);
  }

  async edit(roomId: string, eventId: string, text: string): Promise<string> {
    return await this.sendContent(roomId, 'm.room.message', {
      msgtype: 'm.text',
      body: `* ${text}`,
      'm.new_content': { msgtype: 'm.text', body: text },
      'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
    });
  }

  async react(roomId: string, eventId: string, key: string): Promise<string> {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: eventId, key } };
    return await this.sendContent(roomId, 'm.reaction', content);
  }

  async redact(roomId: string, eventId: string): Promise<string> {
    return (await this.client.redactEvent(roomId, eventId)).event_id;
  }

  /** Encrypts, uploads and sends a file. */
  async sendFile(roomId: string, file: FileToSend): Promise<string> {
    return await this.sendContent(roomId, 'm.room.message', await uploadFile(this.client, file));
  }

  /** Encrypts, uploads and sends a picture. */
  async sendImage(roomId: string, bytes: Uint8Array, name = 'picture.png'): Promise<string> {
    return await this.sendFile(roomId, { bytes, name, contentType: 'image/png' });
  }

  /** Downloads and decrypts the file of a message. */
  async download(event: ReceivedEvent): Promise<Uint8Array> {
    return await downloadFile(this.client, event);
  }

  /** Sends any event, encrypted where the room is. */
  async sendContent(roomId: string, type: string, content: Content): Promise<string> {
    // The SDK's types know only the standard's event types.
    const answer = await this.client.sendEvent(roomId, type as never, content as never);
    return answer.event_id;
  }

  /** Writes a state event, which nobody encrypts. */
  async sendState(roomId: string, type: string, content: Content): Promise<string> {
    return (await this.client.sendStateEvent(roomId, type as never, content as never)).event_id;
  }

  /**
   * The first readable message of the room (after `after`, where given) that is wanted, whether it has come already or comes now. What came before it is
   * decrypted by then too: of messages that come together the SDK decrypts the last first.
   */
  async waitForMessage(
    roomId: string,
    wanted: Wanted,
    options: WaitOptions & { after?: string } = {},
  ): Promise<ReceivedEvent> {
    const accepts = typeof wanted === 'string' ? (event: ReceivedEvent) => event.content['body'] === wanted : wanted;
    const find = (): ReceivedEvent | undefined => {
      const messages = this.events.messages(roomId);
      const start =
        options.after === undefined ? 0 : messages.findIndex((event) => event.eventId === options.after) + 1;
      if (options.after !== undefined && start === 0) return undefined;
      const index = messages.findIndex((event, at) => at >= start && isReadable(event) && accepts(event));
      const isBeingDecrypted = ({ eventId, shield }: ReceivedEvent) =>
        shield === 'pending' && !this.events.isRedacted(eventId);
      return messages.slice(0, Math.max(index, 0)).some(isBeingDecrypted) ? undefined : messages[index];
    };
    const what =
      typeof wanted === 'string' ? `the message ${JSON.stringify(wanted)}` : `a message with ${wanted.toString()}`;
    return await waitForEvent(`${what} at ${this.userId}`, this.events, ['change'], find, {
      instead: () => this.describe(roomId),
      ...options,
    });
  }

  /** Waits until `userId` has read up to the event: what a ghost's "delivered" looks like to the team. */
  async waitForReceipt(roomId: string, userId: string, eventId: string, options: WaitOptions = {}): Promise<void> {
    // Not the SDK's `hasUserReadEvent`: it takes everything for read up to what that user wrote last.
    const read = (): boolean => {
      const room = this.client.getRoom(roomId);
      const order =
        room
          ?.getLiveTimeline()
          .getEvents()
          .map((event) => event.getId()) ?? [];
      const readUpTo = room?.getReadReceiptForUserId(userId, true)?.eventId;
      return order.includes(eventId) && order.indexOf(readUpTo) >= order.indexOf(eventId);
    };
    await this.#waitFor(['Room.receipt', 'Room.timeline', 'sync'], `${userId} to have read ${eventId}`, read, options);
  }

  /** Waits until this client knows the device and sees it signed by its owner: from then on it shares keys with it. */
  async waitForDevice(userId: string, deviceId: string, options: WaitOptions = {}): Promise<void> {
    const signed = async (): Promise<boolean> =>
      (await this.crypto.getDeviceVerificationStatus(userId, deviceId))?.signedByOwner ?? false;
    await waitFor(`${userId}'s device to be known to ${this.userId}`, signed, options);
  }

  /** What Element would show beside the event. */
  shieldOf(eventId: string): Shield | undefined {
    return this.events.all().find((event) => event.eventId === eventId)?.shield;
  }

  /** Ends another session of this account, as Element's list of sessions does. */
  async removeDevice(deviceId: string): Promise<void> {
    await removeDevice(this.client, deviceId, this.#knownAccount());
  }

  /** Logs this device out and stops. */
  async logout(): Promise<void> {
    await this.client.logout(true);
    this.stop();
  }

  /** Stops the client; the device stays logged in. */
  stop(): void {
    this.client.stopClient();
  }

  /** The room as this client sees it, for the messages of failed tests. */
  describe(roomId: string): string {
    const lines = this.events
      .messages(roomId)
      .map(
        ({ sender, type, shield, content }) =>
          `  ${sender} ${type} [${shield}] ${typeof content['body'] === 'string' ? content['body'] : ''}`,
      );
    return `${lines.length} events in ${roomId}\n${lines.slice(-15).join('\n')}`;
  }

  async #waitFor<T>(
    events: readonly string[],
    what: string,
    condition: () => T,
    options: WaitOptions = {},
  ): Promise<NonNullable<T>> {
    const emitter = this.client as unknown as Parameters<typeof waitForEvent>[1];
    return await waitForEvent(`${what} at ${this.userId}`, emitter, events, condition, options);
  }
}

function isReadable(event: ReceivedEvent): boolean {
  return event.shield !== 'pending' && event.shield !== 'undecryptable' && event.shield !== 'before-login';
}
